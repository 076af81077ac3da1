//! After any edit of a page, the server's patches give the browser the same content as a whole
//! document would, and the field in which the user types keeps its text.

use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::dice::seeds;
use via_tests::edits::RandomPage;
use via_tests::serving::Serving;

#[via::page("/{seed}/{wanders}")]
struct Edited {
    #[param]
    seed: u64,
    #[param]
    wanders: bool,
    #[state]
    page: Option<RandomPage>,
    #[state]
    edits: u32,
}

impl Edited {
    fn page(&self) -> RandomPage {
        let start = || RandomPage::new(self.seed, self.wanders);
        self.page.clone().unwrap_or_else(start)
    }
}

#[via::actions]
impl Edited {
    fn edit(&mut self) {
        let mut page = self.page();
        page.edit();
        self.page = Some(page);
        self.edits += 1;
    }
}

impl View for Edited {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            (PreEscaped(self.page().html()))
            button #edit data-on:click=(cx.edit()) { "edit" }
            output #edits { (self.edits) }
        }
    }
}

/// Edits the page, once or several times for one frame, and compares what it shows with a new
/// document. Returns what is wrong.
const CHECK: &str = "window.check = async (rounds) => {
    const sleep = () => new Promise((done) => setTimeout(done, 1));
    const load = () => new Promise((done) => {
        const request = new XMLHttpRequest();
        request.open('GET', location.href);
        request.responseType = 'document';
        request.onload = () => done(request.response);
        request.send();
    });
    const count = () => Number(document.getElementById('edits').textContent);
    for (let round = 0; round < rounds; round++) {
        const before = document.getElementById('stage').outerHTML;
        const times = 1 + round % 3;
        const wanted = count() + times;
        for (let i = 0; i < times; i++) document.getElementById('edit').click();
        for (const start = Date.now(); count() !== wanted || document.querySelector('[data-via-pending]'); await sleep()) {
            if (Date.now() - start > 20_000) return `edit ${wanted} was not shown`;
        }
        const expected = (await load()).getElementById('stage');
        // Two adjacent texts are one text in a document.
        const found = document.getElementById('stage').cloneNode(true);
        found.normalize();
        if (!found.isEqualNode(expected)) {
            return `edit ${wanted}:\\nbefore ${before}\\nfound  ${found.outerHTML}\\nwanted ${expected.outerHTML}`;
        }
        const hands = [
            kept.isConnected && document.activeElement === kept && document.querySelector('[name=kept]') === kept,
            kept.value, kept.selectionStart, kept.selectionEnd, kept.selectionDirection, blurs,
        ].join();
        if (hands !== 'true,what is typed,3,7,backward,0') {
            return `edit ${wanted}: the field is not as it was: ${hands}\\nbefore ${before}\\nfound  ${found.outerHTML}`;
        }
    }
    return null;
}";

fn open(server: &Serving, seed: u64, wanders: bool) -> Page {
    // Without a worker, the client's messages about its stream are in the page's own console.
    let profile = Browser::shared().profile_without_shared_workers();
    let url = format!("http://{}/{seed}/{wanders}", server.address());
    let page = profile.open_live(&url);
    page.eval(CHECK);
    page.eval(
        "{
        window.kept = document.querySelector('[name=kept]');
        window.blurs = 0;
        kept.focus();
        kept.onblur = () => blurs++;
    }",
    );
    page.type_text("what is typed");
    page.eval("kept.setSelectionRange(3, 7, 'backward')");
    page
}

async fn run(wanders: bool, usual: impl IntoIterator<Item = u64>) {
    let server = Serving::start(via::App::new().page::<Edited>()).await;
    for seed in seeds(usual) {
        let page = open(&server, seed, wanders);
        for _ in 0..4 {
            let wrong = page.eval("check(30)");
            assert!(
                wrong.is_null(),
                "seed {seed}: {}",
                wrong.as_str().unwrap_or_default()
            );
            let console = page.console();
            assert!(
                !console.contains("full frame"),
                "seed {seed}: a patch could not be applied: {console}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_give_what_a_document_gives_while_a_focused_field_wanders_through_the_page() {
    run(true, 1..=2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_give_what_a_document_gives_while_all_around_a_field_without_an_id_changes() {
    run(false, 1..=2).await;
}
