//! The pages, in a real browser: they work, no script fails, no request leaves them, and they look as they did.
//!
//! Screenshots are in `docs/book/src/screenshots`; `PAGES=write` writes them anew, to be looked at.

mod cli_support;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cli_support::Desk;
use headless_chrome::protocol::cdp::Page;
use headless_chrome::{Browser, LaunchOptions, Tab};

/// The size of the window, and of screenshots, in pixels.
const SIZE: (u32, u32) = (1280, 900);

/// A page that is open.
struct Open {
    tab: Arc<Tab>,
    _browser: Browser,
}

impl Open {
    fn new(page: &Path) -> Self {
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
    fn value(&self, expression: &str) -> serde_json::Value {
        let object = self.tab.evaluate(expression, false);
        let object = object.unwrap_or_else(|error| panic!("{expression}: {error}"));
        object.value.unwrap_or_default()
    }

    fn count(&self, selector: &str) -> u64 {
        let visible = format!(
            "[...document.querySelectorAll('{selector}')].filter((one) => one.checkVisibility()).length"
        );
        self.value(&visible).as_u64().unwrap()
    }

    fn text(&self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector('{selector}').textContent"));
        text.as_str().unwrap().into()
    }

    /// Sets a field of the form, as typing does.
    fn set(&self, name: &str, value: &str) {
        self.value(&format!(
            "document.querySelector('form').elements['{name}'].value = '{value}'; \
             document.querySelector('form').dispatchEvent(new Event('input'));"
        ));
    }

    fn is_sound(&self) {
        assert_eq!(self.value("failed.join()"), "", "a script failed");
        let requests = "performance.getEntriesByType('resource').map((entry) => entry.name).join()";
        assert_eq!(self.value(requests), "", "a request has left the page");
    }

    fn looks_like(&self, name: &str) {
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

#[test]
fn the_report_filters_and_opens() {
    let desk = Desk::empty();
    desk.run(&["report", "--demo", "-o", "report.html"]).expect(0);
    let page = Open::new(&desk.path().join("report.html"));
    assert_eq!(page.text("#count"), "42 of 42 sites");
    page.looks_like("report");
    page.set("instruction", "mtmsr");
    assert_eq!(page.text("#count"), "9 of 42 sites");
    page.set("template", "free-register");
    assert_eq!(
        (page.text("#count").as_str(), page.count("#sites summary")),
        ("4 of 42 sites", 4)
    );
    page.value("document.querySelector('#sites summary').click()");
    page.tab.wait_for_element("#sites .open").unwrap();
    let open = page.text("#sites .open");
    for part in ["was", "is: free-register", "Dead at the site:", "lwz", "stw"] {
        assert!(open.contains(part), "no {part:?} in {open}");
    }
    page.set("instruction", "");
    page.set("template", "");
    page.set("reason", "data");
    assert_eq!(page.text("#count"), "1 of 42 sites");
    page.value("document.querySelector('form button[type=reset]').click()");
    page.value("document.querySelector('.map button.section').click()");
    assert!(
        page.count("#sites summary") < 42,
        "a cell of the map chooses its function"
    );
    page.is_sound();
}

#[test]
fn a_boundary_opens_its_trace() {
    let desk = Desk::empty();
    let run = desk.run(&[
        "race",
        "--policy",
        "legacy",
        "--policy",
        "store-trap",
        "--format",
        "html",
    ]);
    assert_eq!(run.status, 1);
    desk.write("race.html", run.stdout.as_bytes());
    let page = Open::new(&desk.path().join("race.html"));
    page.looks_like("race");
    let all = page.count("#rows tr");
    page.set("policy", "legacy");
    let legacy = page.count("#rows tr");
    assert!(0 < legacy && legacy < all);
    page.value("document.querySelector('#rows .missed').click()");
    assert!(page.count("dialog tbody tr") > 20);
    let trace = page.text("dialog");
    for part in ["raised", "critical", "ppcpv race --replay legacy:1:"] {
        assert!(trace.contains(part), "no {part:?} in {trace}");
    }
    page.looks_like("race-trace");
    page.is_sound();
}

#[test]
fn runs_stand_side_by_side() {
    let desk = Desk::empty();
    desk.write(
        "compare.html",
        desk.run(&["compare", "--format", "html"]).expect(0).as_bytes(),
    );
    let page = Open::new(&desk.path().join("compare.html"));
    assert_eq!(page.count(".bar"), 7, "a bar a run");
    assert!(
        page.text("body")
            .contains("Linux's patching in kvm-512k, and ours")
    );
    page.value("document.querySelector('details summary').click()");
    assert!(page.count("details tr") > 200);
    page.value("document.querySelector('details summary').click(); scrollTo(0, 0)");
    page.looks_like("compare");
    page.is_sound();
}
