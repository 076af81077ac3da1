//! What a patch leaves alone in a page: values of fields that swap places, focus, scroll position, open
//! elements, nodes from other scripts; and where typed text is sent.

use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::proxy::Proxy;
use via_tests::serving::Serving;

/// Text that would be dangerous if it were treated as code or markup.
const HOSTILE: &str =
    "'\"`</script><img src=x onerror=alert(1)>${@post('x')}--> $secret; \\u0027 \n alert(2)";

#[via::page("/")]
struct Workshop {
    #[state]
    count: u32,
    #[state]
    step: u32,
    #[state(default = (0..5).collect())]
    rows: Vec<u32>,
    #[state]
    extra: bool,
    #[state]
    log: Vec<String>,
    #[signal(tab)]
    name: String,
    #[signal(tab)]
    mail: String,
    #[signal(tab)]
    secret: String,
}

#[via::actions]
impl Workshop {
    fn count(&mut self) {
        self.count += 1;
    }

    fn next(&mut self) {
        self.step += 1;
    }

    fn reorder(&mut self) {
        self.rows.reverse();
        self.rows.rotate_left(1);
        self.count += 1;
    }

    fn more(&mut self) {
        self.extra = !self.extra;
        self.count += 1;
    }

    fn say(&mut self, text: String) {
        self.log.push(text);
        self.count += 1;
    }
}

impl Workshop {
    fn wizard(&self, cx: &Cx<Self>) -> Markup {
        html! {
            form #wizard {
                @match self.step % 3 {
                    0 => {
                        label { "Name " input name="name" placeholder="Name"; }
                        label { "Nick " input data-bind=(cx.name()); }
                    }
                    1 => {
                        label { "Mail " input name="mail" placeholder="Mail"; }
                        label { "Other " input data-bind=(cx.mail()); }
                    }
                    _ => label { "Text " textarea name="text" {} }
                }
                button type="button" #next data-on:click=(cx.next()) { "next" }
            }
        }
    }
}

impl View for Workshop {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output #count { (self.count) }
            @if self.extra { p #extra { "more " input autofocus name="extra"; } }
            (self.wizard(cx))
            ul #rows { @for row in &self.rows { li { (row) " " input name={ "row-" (row) }; } } }
            ol #named { @for row in &self.rows { li id={ "li-" (row) } { input id={ "field-" (row) }; } } }
            details #details { summary { "details " (self.count) } p { (self.count) } }
            dialog #dialog { p { "dialog " (self.count) } button #in-dialog data-on:click=(cx.count()) { "count" } }
            div #popover popover { "popover " (self.count) }
            div.box #box { @for n in 0..100 { p { (n) " " (self.count) } } }
            p #inline { "text " b { (self.count) } " more" }
            input #secret type="password" data-bind=(cx.secret());
            button #plus data-on:click=(cx.count()) { "count" }
            button #reorder data-on:click=(cx.reorder()) { "reorder" }
            button #more data-on:click=(cx.more()) { "more" }
            button #say data-on:click=(cx.say(HOSTILE.to_owned())) title=(HOSTILE) { "say" }
            button #set data-on:click=(cx.name().set(HOSTILE)) { "set" }
            output #said { @for text in &self.log { (text) } }
            output #name data-text=(cx.name()) {}
            div data-signals="{\"_plain\": 1}" data-signals:_key="2" {
                output #plain data-text="$_plain + $_key" {}
                output #style data-style:width="$_plain * 50 + 'px'" data-style="{'height': '7px'}" {}
                output #class data-class="{'one': $_plain == 1, 'two': $_plain == 2}" {}
                output #attr data-attr="{'title': $_plain, 'lang': $_plain == 2 && 'de'}" {}
                output #busy data-text="$_busy ? 'busy' : 'idle'" {}
                output #effect data-effect="$_seen = $_plain * 10" data-text="$_seen" {}
                output #init data-init="$_init = 'started'" data-text="$_init" {}
                output #ref data-ref="_ref" data-text="$_ref.id" {}
                output #computed data-computed:_twice="$_plain * 2" data-text="$_twice" {}
                button #bump data-on:click="$_plain++" {}
                button #slow data-on:click=(cx.count()) data-indicator="_busy" {}
                p data-ignore { output #ignored data-text="$_plain" { "left alone" } }
                p #unmorphed data-ignore-morph { (self.count) }
            }
        }
    }
}

/// Other pages may use their signals without getting the text of this page's.
#[via::page("/other")]
struct Other {
    #[state]
    count: u32,
}

#[via::actions]
impl Other {
    fn count(&mut self) {
        self.count += 1;
    }
}

impl View for Other {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output #count { (self.count) }
            button #plus data-on:click=(cx.count()) { "count" }
        }
    }
}

struct Scene {
    // The page is dropped first: it would report the loss of its server.
    page: Page,
    proxy: Proxy,
    _server: Serving,
}

async fn open() -> Scene {
    let app = via::App::new()
        .stylesheet(".box { height: 90px; overflow: auto }")
        .page::<Workshop>()
        .page::<Other>();
    let server = Serving::start(app).await;
    let proxy = Proxy::start(server.address());
    let page = Browser::shared().profile().open_live(&proxy.url("/"));
    Scene {
        _server: server,
        proxy,
        page,
    }
}

/// Presses a button without moving the focus, and waits for its effect.
fn act(page: &Page, button: &str) {
    let count = page.eval("[document.getElementById('count').textContent, document.getElementById('wizard').textContent].join()");
    page.eval(&format!("document.getElementById('{button}').click()"));
    page.wait_for(&format!(
        "[document.getElementById('count').textContent, document.getElementById('wizard').textContent].join() !== {count} &&
         !document.querySelector('[data-via-pending]')"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_in_one_step_of_a_wizard_does_not_appear_in_the_next() {
    let scene = open().await;
    let page = &scene.page;
    let values = "Array.from(document.querySelectorAll('#wizard :is(input, textarea)'), (field) => field.value).join('|')";
    page.eval("document.querySelector('#wizard input').focus()");
    page.type_text("Ann");
    page.press("Tab");
    page.type_text("Annie");
    assert_eq!(page.eval(values), "Ann|Annie");
    act(page, "next");
    assert_eq!(page.eval(values), "|");
    page.eval("document.querySelector('#wizard input').focus()");
    page.type_text("ann@example.org");
    act(page, "next");
    assert_eq!(page.eval(values), "");
    page.eval("document.querySelector('#wizard textarea').focus()");
    page.type_text("text");
    act(page, "next");
    // A field with a signal gets its text back from the signal.
    assert_eq!(page.eval(values), "|Annie");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_change_places_keep_their_values_and_the_focus() {
    let scene = open().await;
    let page = &scene.page;
    for (list, at) in [("rows", "[name=row-2]"), ("named", "#field-2")] {
        let fields = format!("Array.from(document.querySelectorAll('#{list} input'))");
        page.eval(&format!(
            "{{
                for (const field of {fields}) field.value = 'typed in ' + (field.name || field.id).slice(-1);
                window.kept = document.querySelector('{at}');
                kept.focus();
                kept.setSelectionRange(2, 5, 'backward');
                window.blurs = 0;
                kept.onblur = () => blurs++;
            }}"
        ));
        for _ in 0..6 {
            act(page, "reorder");
            assert_eq!(
                page.eval(&format!(
                    "{fields}.every((field) => field.value === 'typed in ' + (field.name || field.id).slice(-1))"
                )),
                true,
                "{list}"
            );
            assert_eq!(
                page.eval("[document.activeElement === kept, kept.selectionStart, kept.selectionEnd, kept.selectionDirection, blurs].join()"),
                "true,2,5,backward,0",
                "{list}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_moves_neither_the_focus_nor_the_scroll_and_closes_nothing() {
    let scene = open().await;
    let page = &scene.page;
    page.eval(
        "{
            document.querySelector('#details summary').click();
            document.getElementById('box').scrollTop = 500;
            document.getElementById('popover').showPopover();
            document.getElementById('secret').focus();
            scrollTo(0, 40);
        }",
    );
    let state = "[
        document.getElementById('details').open,
        document.getElementById('box').scrollTop,
        document.getElementById('popover').matches(':popover-open'),
        document.activeElement.id, scrollY, document.getElementById('dialog').matches(':modal'),
    ].join()";
    let before = page.eval(state);
    for button in ["plus", "reorder", "more", "plus", "more"] {
        act(page, button);
        assert_eq!(page.eval(state), before, "after {button}");
    }
    // A dialog that the user opened stays open and modal while the user acts.
    page.eval("document.getElementById('dialog').showModal()");
    page.eval("document.getElementById('in-dialog').focus()");
    let before = page.eval(state);
    act(page, "in-dialog");
    act(page, "more");
    assert_eq!(page.eval(state), before);
    assert_eq!(page.eval("document.activeElement.id"), "in-dialog");
    // A dialog that the user closed stays closed.
    page.eval("document.getElementById('dialog').close(); document.querySelector('#details summary').click()");
    act(page, "plus");
    assert_eq!(
        page.eval("[document.getElementById('dialog').open, document.getElementById('details').open].join()"),
        "false,false"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_extension_has_put_in_stays_and_is_in_no_patchs_way() {
    let scene = open().await;
    let (page, proxy) = (&scene.page, &scene.proxy);
    let streams = proxy.count(|request| request.is("stream"));
    page.eval(
        "{
            const put = (parent, before) => {
                const node = document.createElement('aside');
                node.textContent = 'extension';
                parent.insertBefore(node, before);
            };
            const via = document.getElementById('via');
            put(via, via.firstChild);
            for (const id of ['rows', 'named', 'inline', 'box', 'wizard']) put(document.getElementById(id), document.getElementById(id).firstChild);
            put(document.querySelector('#rows li'), null);
        }",
    );
    for button in ["plus", "reorder", "more", "next", "reorder"] {
        act(page, button);
    }
    assert_eq!(page.eval("document.querySelectorAll('aside').length"), 7);
    assert_eq!(
        page.eval("Array.from(document.querySelectorAll('#rows input'), (field) => field.name).join()"),
        page.eval("Array.from(document.querySelectorAll('#named input'), (field) => field.id.replace('field', 'row')).join()")
    );
    assert_eq!(
        page.eval("document.querySelector('#inline b').textContent"),
        page.eval("document.getElementById('count').textContent")
    );
    assert_eq!(
        proxy.count(|request| request.is("stream")),
        streams,
        "a frame could not be applied"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_has_removed_or_emptied_is_whole_after_a_patch_that_touches_it() {
    let scene = open().await;
    let page = &scene.page;
    for damage in [
        "document.querySelector('#inline b').remove()",
        "document.getElementById('rows').replaceChildren()",
        "document.getElementById('named').remove()",
        "document.getElementById('count').textContent = 'changed'",
        "document.getElementById('box').children[50].remove()",
        "document.getElementById('via').replaceChildren()",
    ] {
        let before = page.eval("Number(document.getElementById('count').textContent)");
        // The button may be among the removed elements, so the click comes first.
        page.eval(&format!(
            "document.getElementById('reorder').click(); {damage}"
        ));
        let count = before.as_u64().unwrap() + 1;
        page.wait_for(&format!(
            "document.getElementById('count')?.textContent === '{count}'"
        ));
        page.wait_for(&format!(
            "document.querySelector('#inline b')?.textContent === '{count}' &&
             document.querySelectorAll('#rows input').length === 5 &&
             document.querySelectorAll('#named input').length === 5 &&
             document.getElementById('box').children.length === 100"
        ));
        page.settled();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_travels_in_actions_of_its_own_page_alone_and_lies_nowhere() {
    let scene = open().await;
    let (page, proxy) = (&scene.page, &scene.proxy);
    let other = page.sibling(&proxy.url("/other"));
    other.online();
    page.click("#secret");
    page.type_text("hunter2");
    act(page, "plus");
    other.click("#plus");
    other.wait_for("document.getElementById('count').textContent === '1'");
    proxy.cut();
    page.expect_network_errors();
    other.expect_network_errors();
    page.online();
    act(page, "plus");
    page.reload();
    page.online();
    let mut carried = 0;
    for request in proxy.exchanges() {
        let within = |bytes: &[u8]| bytes.windows(7).any(|part| part == b"hunter2");
        assert!(
            !within(request.path.as_bytes()) && !within(request.query.as_bytes()),
            "{request:?}"
        );
        assert!(
            !request
                .headers
                .values()
                .any(|value| within(value.as_bytes())),
            "{request:?}"
        );
        if within(&request.body) {
            assert!(request.is("action") && request.path == "/", "{request:?}");
            carried += 1;
        } else {
            assert!(
                !(request.is("action") && request.path == "/"),
                "an action of its page lacks it"
            );
        }
    }
    assert_eq!(carried, 2);
    assert_eq!(
        page.eval("JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage), document.cookie, location.href]).includes('hunter2')"),
        false
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_users_is_text_in_every_handle() {
    let scene = open().await;
    let page = &scene.page;
    act(page, "say");
    assert_eq!(
        page.eval("document.getElementById('said').textContent"),
        HOSTILE
    );
    assert_eq!(page.eval("document.getElementById('say').title"), HOSTILE);
    page.eval("document.getElementById('set').click()");
    assert_eq!(
        page.eval("document.getElementById('name').textContent"),
        HOSTILE
    );
    page.reload();
    page.online();
    assert_eq!(
        page.eval("document.getElementById('said').textContent"),
        HOSTILE
    );
    assert_eq!(page.eval("document.querySelectorAll('img').length"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_attribute_is_spelt_as_it_is_documented() {
    let scene = open().await;
    let page = &scene.page;
    let text = |id: &str| page.eval(&format!("document.getElementById('{id}').textContent"));
    assert_eq!(text("plain"), "3");
    assert_eq!(text("init"), "started");
    assert_eq!(text("ref"), "ref");
    for n in 1..=2 {
        assert_eq!(text("effect"), (n * 10).to_string());
        assert_eq!(text("computed"), (n * 2).to_string());
        assert_eq!(text("ignored"), "left alone");
        let style = "document.getElementById('style').style";
        assert_eq!(
            page.eval(&format!("{style}.width + {style}.height")),
            format!("{}px7px", n * 50)
        );
        assert_eq!(
            page.eval("document.getElementById('class').className"),
            ["one", "two"][n - 1]
        );
        assert_eq!(
            page.eval("document.getElementById('attr').title"),
            n.to_string()
        );
        assert_eq!(
            page.eval("document.getElementById('attr').lang"),
            ["", "de"][n - 1]
        );
        if n == 1 {
            page.eval("document.getElementById('bump').click()");
        }
    }
    assert_eq!(text("busy"), "idle");
    page.eval("document.getElementById('slow').click()");
    assert_eq!(text("busy"), "busy");
    page.wait_for("document.getElementById('busy').textContent === 'idle'");
    page.wait_for("document.getElementById('count').textContent === '1'");
    assert_eq!(text("unmorphed"), "0");
}
