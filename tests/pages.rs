//! The pages, in a real browser: they work, no script fails, no request leaves them, and they look as they did.
//!
//! Screenshots are in `docs/book/src/screenshots`; `PAGES=write` writes them anew, to be looked at.

mod browser;
mod cli_support;
mod run_guests;

use std::fmt::Write;

use browser::Open;
use cli_support::Desk;

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

/// The laboratory's page for the policy of Linux and the default one.
fn laboratory(desk: &Desk) -> Open {
    let policies = ["--policy", "legacy", "--policy", "store-trap"];
    let run = desk.run(&[&["race"], &policies[..], &["--format", "html"]].concat());
    assert_eq!(run.status, 1);
    desk.write("race.html", run.stdout.as_bytes());
    Open::new(&desk.path().join("race.html"))
}

#[test]
fn a_boundary_opens_its_trace() {
    let desk = Desk::empty();
    let page = laboratory(&desk);
    page.looks_like("race");
    let all = page.count("#rows tr");
    page.set("policy", "legacy");
    let legacy = page.count("#rows tr");
    assert!(0 < legacy && legacy < all);
    page.value(
        "[...document.querySelectorAll('#rows .missed')].find((button) => \
         text(traces.cells[button.dataset.cell].title[3]).includes('external')).click()",
    );
    assert!(page.count("dialog tbody tr") > 20);
    let trace = page.text("dialog");
    for part in [
        "external raised",
        "critical",
        "nothing is done about it",
        "scratch1=",
        "ppcpv race --replay legacy:1:",
    ] {
        assert!(trace.contains(part), "no {part:?} in {trace}");
    }
    assert_eq!(
        page.value(
            "(() => { const event = document.querySelector('dialog .event').getBoundingClientRect(); \
             const trace = document.querySelector('.trace').getBoundingClientRect(); \
             return trace.top < event.top && event.bottom < trace.bottom; })()"
        ),
        true,
        "the interrupt is in sight"
    );
    page.looks_like("race-trace");
    page.is_sound();
}

#[test]
fn a_trace_tells_the_hosts_decisions() {
    let desk = Desk::empty();
    let page = laboratory(&desk);
    page.value(
        "show(traces.cells.findIndex((cell) => text(cell.title[3]).startsWith('store-trap') && \
         cell.steps.some((step) => text(step[3]) === 'page read-only')))",
    );
    let trace = page.text("dialog");
    let mut rest = trace.as_str();
    for part in [
        "raised",
        "hold: an interrupt waits for the section's end: the page is read-only",
        "exit: page-store",
        "hold: released",
        "taken at 0x",
        "srr0=",
    ] {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("no {part:?} where it should be in {trace}"));
        rest = &rest[at..];
    }
    page.is_sound();
}

#[test]
fn keys_do_what_the_mouse_does() {
    let desk = Desk::empty();
    let page = laboratory(&desk);
    let cell = "document.activeElement.dataset.cell";
    page.value("document.querySelector('[name=findings]').focus()");
    page.press(&["Tab"]);
    assert_eq!(page.value(cell), "0", "the grid is one stop of the Tab key");
    page.press(&["ArrowRight", "ArrowRight", "ArrowLeft"]);
    assert_eq!(page.value(cell), "1");
    page.press(&["ArrowDown", "ArrowUp"]);
    assert_eq!(page.value(cell), "1");
    page.press(&["Enter"]);
    assert_eq!(page.count("dialog"), 1);
    page.press(&["Escape"]);
    assert_eq!(page.count("dialog"), 0);
    assert_eq!(page.value(cell), "1", "the focus is where it was");
    page.press(&["Tab"]);
    assert_eq!(
        page.value(&format!("{cell} === undefined")),
        true,
        "one stop, not a thousand"
    );

    desk.run(&["report", "--demo", "-o", "report.html"]).expect(0);
    let page = Open::new(&desk.path().join("report.html"));
    page.press(&["Tab", "End", "Home", "Enter"]);
    let chosen = page.text("#count");
    assert_ne!(chosen, "42 of 42 sites", "a cell of the map chooses its function");
    page.value("document.querySelector('form').reset()");
    page.value("document.querySelector('#sites summary').focus()");
    page.press(&["Enter"]);
    page.tab.wait_for_element("#sites .open").unwrap();
    page.is_sound();
}

/// The brightness of a colour of the page's body, 0 to 255.
fn brightness(page: &Open, property: &str) -> f64 {
    // A canvas of one pixel turns whatever the colour is written in into numbers.
    let of_body = format!(
        "(() => {{ const context = document.createElement('canvas').getContext('2d'); \
         context.fillStyle = getComputedStyle(document.documentElement).{property}; \
         context.fillRect(0, 0, 1, 1); const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data; \
         return a === 0 ? -1 : (r + g + b) / 3; }})()"
    );
    page.value(&of_body).as_f64().unwrap()
}

#[test]
fn pages_follow_light_and_dark_and_can_be_printed() {
    let desk = Desk::empty();
    desk.run(&["report", "--demo", "-o", "report.html"]).expect(0);
    let report = Open::new(&desk.path().join("report.html"));
    for (page, name) in [(&report, "report-dark"), (&laboratory(&desk), "race-dark")] {
        page.media("screen", "light");
        assert!(brightness(page, "color") < 64.0, "dark letters on light ground");
        page.media("screen", "dark");
        assert!(brightness(page, "color") > 192.0, "light letters on dark ground");
        page.looks_like(name);
        page.media("print", "light");
        assert_eq!(page.count("form"), 0, "nothing to fill in on paper");
        assert!(page.count("table") > 0);
        let pdf = page.tab.print_to_pdf(None).unwrap();
        assert!(pdf.starts_with(b"%PDF"));
        page.is_sound();
    }
}

/// Ten thousand sites: as many rows as fit are made, the rest on request, whatever is asked for.
#[test]
fn a_kernel_of_ten_thousand_sites_is_filtered() {
    const FUNCTIONS: usize = 5_000;
    let desk = Desk::empty();
    let mut source = String::from(".globl _start\n_start:\n");
    for number in 0..FUNCTIONS {
        let _ = writeln!(
            source,
            ".globl f{number}\n.type f{number}, @function\nf{number}: mfmsr 9\n ori 9, 9, 0x8000\n mtmsr 9\n blr\n\
             .size f{number}, . - f{number}"
        );
    }
    desk.write("large.s", source.as_bytes());
    run_guests::run(
        std::process::Command::new("powerpc-linux-gnu-as")
            .current_dir(desk.path())
            .args(["-mbroadway", "-o", "large.o", "large.s"]),
    );
    run_guests::link(desk.path(), "c0000000", "large");
    desk.run(&["report", "large", "--family", "book3s-32", "-o", "large.html"])
        .expect(0);
    let page = Open::new(&desk.path().join("large.html"));
    assert_eq!(page.text("#count"), "10000 of 10000 sites");
    assert_eq!(page.count("#sites details"), 100);
    page.set("instruction", "mtmsr");
    assert_eq!(
        (page.text("#count").as_str(), page.count("#sites details")),
        ("5000 of 10000 sites", 100)
    );
    page.value("document.querySelector('#more').click()");
    assert_eq!(page.count("#sites details"), 200);
    page.set("text", "f4999");
    assert_eq!(page.text("#count"), "1 of 10000 sites");
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
