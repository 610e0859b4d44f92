//! A page in a real browser, and what it looks like.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headless_chrome::protocol::cdp::{Emulation, Page};
use headless_chrome::{Browser, LaunchOptions, Tab};

/// The size of the window, and of screenshots, in pixels.
const SIZE: (u32, u32) = (1280, 900);

/// A page that is open.
pub struct Open {
    /// Its tab.
    pub tab: Arc<Tab>,
    _browser: Browser,
}

impl Open {
    /// Opens a file.
    pub fn new(page: &Path) -> Self {
        let options = LaunchOptions {
            path: Some(PathBuf::from("/usr/bin/chromium")),
            sandbox: false,
            window_size: Some(SIZE),
            args: ["--disable-gpu", "--disable-component-update", "--hide-scrollbars"]
                .map(OsStr::new)
                .into(),
            ..LaunchOptions::default()
        };
        let browser = Browser::new(options).expect("Debian's chromium is installed");
        let tab = browser.new_tab().unwrap();
        tab.call_method(Page::AddScriptToEvaluateOnNewDocument {
            source:
                "window.failed = []; addEventListener('error', (event) => failed.push(event.message), true);"
                    .into(),
            world_name: None,
            include_command_line_api: None,
            run_immediately: None,
        })
        .unwrap();
        tab.navigate_to(&format!("file://{}", page.display())).unwrap();
        tab.wait_until_navigated().unwrap();
        Self {
            tab,
            _browser: browser,
        }
    }

    /// What an expression of the page's language gives.
    pub fn value(&self, expression: &str) -> serde_json::Value {
        let object = self.tab.evaluate(expression, false);
        let object = object.unwrap_or_else(|error| panic!("{expression}: {error}"));
        object.value.unwrap_or_default()
    }

    /// How many visible elements there are.
    pub fn count(&self, selector: &str) -> u64 {
        let visible = format!(
            "[...document.querySelectorAll('{selector}')].filter((one) => one.checkVisibility()).length"
        );
        self.value(&visible).as_u64().unwrap()
    }

    pub fn text(&self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector('{selector}').textContent"));
        text.as_str().unwrap().into()
    }

    /// Sets a field of the form, as typing does.
    pub fn set(&self, name: &str, value: &str) {
        self.value(&format!(
            "document.querySelector('form').elements['{name}'].value = '{value}'; \
             document.querySelector('form').dispatchEvent(new Event('input'));"
        ));
    }

    /// No script has failed, no request has left the page.
    pub fn is_sound(&self) {
        assert_eq!(self.value("failed.join()"), "", "a script failed");
        let requests = "performance.getEntriesByType('resource').map((entry) => entry.name).join()";
        assert_eq!(self.value(requests), "", "a request has left the page");
    }

    /// The reader prefers light or dark, has a screen or paper.
    pub fn media(&self, media: &str, scheme: &str) {
        let feature = Emulation::MediaFeature {
            name: "prefers-color-scheme".into(),
            value: scheme.into(),
        };
        let emulated = Emulation::SetEmulatedMedia {
            media: Some(media.into()),
            features: Some(vec![feature]),
        };
        self.tab.call_method(emulated).unwrap();
    }

    /// Types keys.
    pub fn press(&self, keys: &[&str]) {
        for key in keys {
            self.tab.press_key(key).unwrap();
        }
    }

    /// Compares with the screenshot of this name, or writes it.
    pub fn looks_like(&self, name: &str) {
        let format = Page::CaptureScreenshotFormatOption::Png;
        let taken = self.tab.capture_screenshot(format, None, None, true).unwrap();
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/book/src/screenshots/{name}.png"));
        if std::env::var_os("PAGES").is_some_and(|value| value == "write") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &taken).unwrap();
            return;
        }
        let known = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (known, taken) = (blocks(&known), blocks(&taken));
        assert_eq!(known.len(), taken.len(), "{name}: another size");
        let apart = known
            .iter()
            .zip(&taken)
            .filter(|(a, b)| a.abs_diff(**b) > 24)
            .count();
        assert!(
            apart * 20 < known.len(),
            "{name}: {apart} of {} blocks differ",
            known.len()
        );
    }
}

/// A picture as the brightness of its blocks of 20 by 20 pixels: what is drawn where, whatever the fonts' edges.
fn blocks(png: &[u8]) -> Vec<u8> {
    const SIDE: usize = 20;
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let samples = info.color_type.samples();
    let (width, height) = (info.width as usize / SIDE, info.height as usize / SIDE);
    let brightness = |block: usize| {
        let (left, top) = (block % width * SIDE, block / width * SIDE);
        let rows = (top..top + SIDE).map(|row| row * info.line_size + left * samples);
        let sum: usize = rows
            .flat_map(|start| &pixels[start..start + SIDE * samples])
            .map(|sample| usize::from(*sample))
            .sum();
        u8::try_from(sum / (SIDE * SIDE * samples)).unwrap()
    };
    (0..width * height).map(brightness).collect()
}
