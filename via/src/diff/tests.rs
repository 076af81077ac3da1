use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Op, Patch, Target, Tree, apply, diff, law};

fn path(anchor: Option<&str>, steps: &[u32]) -> Target {
    Target::Path {
        anchor: anchor.map(str::to_owned),
        steps: steps.to_vec(),
    }
}

fn id(id: &str) -> Target {
    Target::Id(id.to_owned())
}

fn patch(target: Target, op: Op) -> Patch {
    Patch { target, op }
}

/// The patches, after a check that they lead to `new`.
#[track_caller]
fn checked(old: &str, new: &str) -> Vec<Patch> {
    let patches = diff(old, new);
    assert_eq!(apply(old, &patches), new, "{patches:#?}");
    let (spliced, _) = Tree::parse(old.to_owned()).follow(new.into());
    assert_eq!(spliced, Tree::parse(new.to_owned()));
    patches
}

fn row(n: usize, name: &str) -> String {
    format!(
        "<tr><td>{n}</td><td>{name}</td><td>{}</td><td class=\"ok\">yes</td><td><button>x</button></td></tr>",
        n * 7
    )
}

fn table(rows: impl IntoIterator<Item = String>) -> String {
    let rows: String = rows.into_iter().collect();
    format!(
        "<h1>Rows</h1><table><thead><tr><th>n</th><th>name</th><th>x</th><th>ok</th><th></th></tr></thead><tbody>{rows}</tbody></table>"
    )
}

fn list(items: &[&str]) -> String {
    items.iter().fold("<ul>".to_owned(), |mut html, item| {
        write!(html, "<li id=\"{item}\"><input name=\"{item}\"></li>").unwrap();
        html
    }) + "</ul>"
}

#[test]
fn equal_pages_need_no_patch() {
    assert_eq!(diff("<p>1</p>", "<p>1</p>"), []);
}

#[test]
fn a_counter_sends_only_its_output() {
    assert_eq!(
        checked(
            "<h1>Counter</h1><p>Count: <output>5</output></p>",
            "<h1>Counter</h1><p>Count: <output>6</output></p>",
        ),
        [patch(
            path(None, &[2, 1]),
            Op::Outer("<output>6</output>".to_owned())
        )]
    );
}

#[test]
fn an_id_is_used_and_anchors_what_is_below() {
    assert_eq!(
        checked("<p id=\"a\">1</p>", "<p id=\"a\">2</p>"),
        [patch(id("a"), Op::Outer("<p id=\"a\">2</p>".to_owned()))]
    );
    let page = |n| {
        format!(
            "<main><section id=\"a\"><h2>A long title</h2><p>and words about it and more</p><p><b>{n}</b> of many words here</p></section></main>"
        )
    };
    assert_eq!(
        checked(&page(1), &page(2)),
        [patch(
            path(Some("a"), &[3, 1]),
            Op::Outer("<b>2</b>".to_owned())
        )]
    );
}

#[test]
fn an_id_that_occurs_twice_is_not_used() {
    let page = |n| format!("<p id=\"a\">1</p><p id=\"a\">{n}</p>");
    assert_eq!(
        checked(&page(1), &page(2)),
        [patch(
            path(None, &[2]),
            Op::Outer("<p id=\"a\">2</p>".to_owned())
        )]
    );
}

#[test]
fn an_id_that_a_selector_would_misread_is_not_used() {
    for name in ["a b", "1a", "a.b", "a:b", "", "ä", "-a"] {
        let page = |n| format!("<p id=\"{name}\">{n}</p>");
        let patches = checked(&page(1), &page(2));
        assert_eq!(patches[0].target, path(None, &[1]), "{name}");
    }
}

#[test]
fn an_id_that_moves_elsewhere_is_not_used() {
    let filler = "<p>some words that make the page longer</p>".repeat(4);
    let old = format!("<div><p>1</p><p id=\"a\">2</p></div>{filler}<div><p>3</p></div>");
    let new = format!("<div><p>1</p></div>{filler}<div><p>3</p><p id=\"a\">2</p></div>");
    for patch in checked(&old, &new) {
        assert_ne!(patch.target, id("a"));
    }
}

#[test]
fn the_containers_id_in_a_view_leaves_only_the_whole() {
    let patches = checked("<p id=\"via\">1</p><p>1</p>", "<p id=\"via\">1</p><p>2</p>");
    assert_eq!(patches[0].target, Target::Root);
}

#[test]
fn one_cell_of_a_long_table_is_one_small_patch() {
    let old = table((0..1000).map(|n| row(n, "some name")));
    let new = table((0..1000).map(|n| row(n, if n == 500 { "other" } else { "some name" })));
    assert_eq!(
        checked(&old, &new),
        [patch(
            path(None, &[2, 2, 501, 2]),
            Op::Outer("<td>other</td>".to_owned())
        )]
    );
}

#[test]
fn cells_far_apart_are_patches_of_their_own_the_last_first() {
    let old = table((0..100).map(|n| row(n, "some name")));
    let new = table((0..100).map(|n| row(n, if n % 50 == 0 { "other" } else { "some name" })));
    let patches = checked(&old, &new);
    let other = || Op::Outer("<td>other</td>".to_owned());
    assert_eq!(
        patches,
        [
            patch(path(None, &[2, 2, 51, 2]), other()),
            patch(path(None, &[2, 2, 1, 2]), other())
        ]
    );
}

#[test]
fn rows_come_and_go_alone() {
    let rows: Vec<_> = (0..100).map(|n| row(n, "some name")).collect();
    let old = table(rows.clone());
    let fresh = row(7777, "fresh");
    let body = || path(None, &[2, 2]);
    let with = |at: usize| {
        let mut rows = rows.clone();
        rows.insert(at, fresh.clone());
        table(rows)
    };
    assert_eq!(
        checked(&old, &with(0)),
        [patch(body(), Op::Prepend(fresh.clone()))]
    );
    assert_eq!(
        checked(&old, &with(100)),
        [patch(body(), Op::Append(fresh.clone()))]
    );
    assert_eq!(
        checked(&old, &with(50)),
        [patch(path(None, &[2, 2, 50]), Op::After(fresh.clone()))]
    );
    assert_eq!(
        checked(&with(50), &old),
        [patch(path(None, &[2, 2, 51]), Op::Remove)]
    );

    let twice = {
        let mut rows = rows.clone();
        rows.splice(20..20, [fresh.clone(), row(8888, "fresh")]);
        table(rows)
    };
    assert_eq!(checked(&old, &twice).len(), 1, "neighbours travel together");
}

#[test]
fn changes_of_several_kinds_in_one_list_stay_small() {
    let mut rows: Vec<_> = (0..100).map(|n| row(n, "some name")).collect();
    let old = table(rows.clone());
    rows.remove(90);
    rows[70] = row(70, "changed");
    rows.insert(50, row(5000, "fresh"));
    rows.remove(10);
    let patches = checked(&old, &table(rows));
    assert_eq!(
        patches
            .iter()
            .map(|patch| &patch.target)
            .collect::<Vec<_>>(),
        [
            &path(None, &[2, 2, 91]),
            &path(None, &[2, 2, 71, 2]),
            &path(None, &[2, 2, 50]),
            &path(None, &[2, 2, 11]),
        ]
    );
}

#[test]
fn items_with_ids_that_change_places_are_sent_with_their_list() {
    let patches = checked(&list(&["a", "b", "c", "d"]), &list(&["d", "b", "a", "c"]));
    assert!(
        matches!(&patches[..], [Patch { target, op: Op::Inner(_) }] if *target == path(None, &[1]))
    );
}

#[test]
fn an_item_with_an_id_comes_and_goes_alone() {
    let (four, three) = (list(&["a", "b", "c", "d"]), list(&["a", "c", "d"]));
    assert_eq!(
        checked(&four, &three),
        [patch(path(None, &[1, 2]), Op::Remove)]
    );
    let item = "<li id=\"b\"><input name=\"b\"></li>".to_owned();
    assert_eq!(
        checked(&three, &four),
        [patch(path(None, &[1, 1]), Op::After(item))]
    );
}

#[test]
fn an_input_never_becomes_another_one() {
    let step = |name| {
        format!(
            "<form><h2>Step</h2><input type=\"text\" name=\"{name}\"><p>Some words about the form and its purpose</p><p>More words, so that one patch is dearer than two</p></form>"
        )
    };
    let patches = checked(&step("first"), &step("second"));
    assert!(
        patches.iter().any(|patch| patch.op == Op::Remove),
        "{patches:?}"
    );
}

#[test]
fn text_beside_elements_is_sent_with_its_element() {
    assert_eq!(
        checked(
            "<p>Count <b>1</b> of 2</p><p>1</p>",
            "<p>Count <b>1</b> of 3</p><p>1</p>"
        ),
        [patch(
            path(None, &[1]),
            Op::Outer("<p>Count <b>1</b> of 3</p>".to_owned())
        )]
    );
    assert_eq!(
        checked("a<p>1</p>", "b<p>1</p>"),
        [patch(Target::Root, Op::Inner("b<p>1</p>".to_owned()))]
    );
}

#[test]
fn what_a_browser_would_repair_is_replaced_whole() {
    let filler = "<p>some words</p>".repeat(8);
    for (before, after, target) in [
        // A browser adds a `tbody`.
        (
            "<table><tr><td>1</td></tr></table>",
            "<table><tr><td>2</td></tr></table>",
            path(None, &[9, 1]),
        ),
        // A browser ends the `p` before the `div`.
        (
            "<p><div>1</div></p>",
            "<p><div>2</div></p>",
            path(None, &[9]),
        ),
        // A browser moves the text before the table.
        (
            "<table><tbody>1</tbody></table>",
            "<table><tbody>2</tbody></table>",
            path(None, &[9]),
        ),
        (
            "<svg><g><text>1</text></g></svg>",
            "<svg><g><text>2</text></g></svg>",
            path(None, &[9, 1]),
        ),
        ("<a>1<a>2</a></a>", "<a>1<a>3</a></a>", path(None, &[9])),
        ("<p>1<p>2", "<p>1<p>3", path(None, &[9])),
        (
            "<template><p>1</p></template>",
            "<template><p>2</p></template>",
            path(None, &[9, 1]),
        ),
        ("<b><i>1</b></i>", "<b><i>2</b></i>", Target::Root),
        ("<b>1", "<b>2", Target::Root),
        ("<body>1", "<body>2", Target::Root),
    ] {
        let page = |html| format!("{filler}<div>{html}</div>");
        let patches = checked(&page(before), &page(after));
        assert_eq!(patches.len(), 1);
        assert_eq!(patches[0].target, target, "{before}");
    }
}

#[test]
fn ids_below_something_opaque_are_not_used() {
    let page = |n| format!("<table><tr><td id=\"a\">{n}</td></tr></table>");
    assert_eq!(checked(&page(1), &page(2))[0].target, path(None, &[1]));
}

#[test]
fn an_element_whose_end_tag_changes_is_replaced() {
    let patches = checked("<b>1</b><p>2</p>", "<b>1</b\n><p>2</p>");
    assert_eq!(
        patches,
        [patch(path(None, &[1]), Op::Outer("<b>1</b\n>".to_owned()))]
    );
}

#[test]
fn raw_text_is_no_markup() {
    let page = |n| format!("<script>if (a<b) \"<p>\"</script><textarea></p></textarea><p>{n}</p>");
    assert_eq!(checked(&page(1), &page(2))[0].target, path(None, &[3]));
}

#[test]
fn nesting_without_end_is_only_replaced_whole() {
    let deep = |n: usize| "<div>".repeat(n) + "x" + &"</div>".repeat(n);
    let patches = checked(&deep(100_000), &deep(99_999));
    assert_eq!(patches[0].target, Target::Root);
}

/// Property tests with the same cases each time.
fn property<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value)) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
        .run(&strategy, |value| {
            test(value);
            Ok(())
        })
        .unwrap();
}

/// HTML as views print it.
#[derive(Clone, Debug)]
enum Markup {
    Text(String),
    Void(String),
    Element(&'static str, Option<String>, Vec<Self>),
}

impl Markup {
    fn print(&self, html: &mut String) {
        match self {
            Self::Text(text) | Self::Void(text) => html.push_str(text),
            Self::Element(name, id, children) => {
                match id {
                    Some(id) => write!(html, "<{name} id=\"{id}\">").unwrap(),
                    None => write!(html, "<{name}>").unwrap(),
                }
                for child in children {
                    child.print(html);
                }
                write!(html, "</{name}>").unwrap();
            }
        }
    }
}

fn print(markup: &[Markup]) -> String {
    let mut html = String::new();
    for markup in markup {
        markup.print(&mut html);
    }
    html
}

const NAMES: &[&str] = &[
    "div",
    "div",
    "p",
    "span",
    "ul",
    "li",
    "li",
    "b",
    "a",
    "table",
    "tbody",
    "tr",
    "td",
    "form",
    "button",
    "select",
    "option",
    "h1",
    "svg",
    "pre",
    "template",
    "my-element",
];

fn markup() -> impl Strategy<Value = Vec<Markup>> {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec!["1", "2", "some longer text", " ", "\n", "&amp;"])
            .prop_map(|text| Markup::Text(text.to_owned())),
        1 => prop::sample::select(vec!["<br>", "<input name=\"a\">", "<input name=\"b\">", "<!-- c -->", "<textarea><p></textarea>"])
            .prop_map(|void| Markup::Void(void.to_owned())),
    ];
    let node = leaf.prop_recursive(5, 60, 6, |inner| {
        (
            prop::sample::select(NAMES),
            prop::option::weighted(
                0.3,
                prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "1x"]),
            ),
            prop::collection::vec(inner, 0..6),
        )
            .prop_map(|(name, id, children)| Markup::Element(name, id.map(str::to_owned), children))
    });
    prop::collection::vec(node, 0..6)
}

/// Flat lists, which need the most matching.
fn items() -> impl Strategy<Value = Vec<Markup>> {
    let item = (
        prop::option::of(0..20_u8),
        0..5_u8,
        prop::sample::select(vec!["li", "li", "li", "p"]),
    )
        .prop_map(|(id, text, name): (Option<u8>, u8, &str)| {
            let text = Markup::Text(text.to_string());
            Markup::Element(
                name,
                id.map(|id| format!("i{id}")),
                vec![Markup::Element("b", None, vec![text])],
            )
        });
    prop::collection::vec(item, 0..12).prop_map(|items| vec![Markup::Element("ul", None, items)])
}

#[derive(Clone, Debug)]
enum Edit {
    Remove,
    Insert(Vec<Markup>),
    Duplicate,
    Swap,
    Reverse,
    Rename(Option<String>),
}

fn edits() -> impl Strategy<Value = Vec<(Vec<prop::sample::Index>, Edit)>> {
    let edit = prop_oneof![
        Just(Edit::Remove),
        markup().prop_map(Edit::Insert),
        Just(Edit::Duplicate),
        Just(Edit::Swap),
        Just(Edit::Reverse),
        prop::option::of(prop::sample::select(vec!["a", "b", "z"]))
            .prop_map(|id| Edit::Rename(id.map(str::to_owned))),
    ];
    let place = prop::collection::vec(any::<prop::sample::Index>(), 1..5);
    prop::collection::vec((place, edit), 1..4)
}

fn edit(markup: &mut Vec<Markup>, place: &[prop::sample::Index], change: &Edit) {
    if markup.is_empty() {
        if let Edit::Insert(more) = change {
            markup.extend(more.iter().cloned());
        }
        return;
    }
    let at = place[0].index(markup.len());
    if place.len() > 1
        && let Markup::Element(_, _, children) = &mut markup[at]
    {
        return edit(children, &place[1..], change);
    }
    match change {
        Edit::Remove => drop(markup.remove(at)),
        Edit::Insert(more) => drop(markup.splice(at..at, more.iter().cloned())),
        Edit::Duplicate => markup.insert(at, markup[at].clone()),
        Edit::Swap => {
            let last = markup.len() - 1;
            markup.swap(at, last);
        }
        Edit::Reverse => markup[at..].reverse(),
        Edit::Rename(name) => {
            if let Markup::Element(_, id, _) = &mut markup[at] {
                id.clone_from(name);
            }
        }
    }
}

#[test]
fn patches_of_edited_pages_lead_to_the_new_page() {
    property(
        3000,
        (prop_oneof![markup(), items()], edits()),
        |(old, edits)| {
            let mut new = old.clone();
            for (place, change) in &edits {
                edit(&mut new, place, change);
            }
            law::check(&print(&old), &print(&new));
        },
    );
}

#[test]
fn patches_of_unrelated_pages_lead_to_the_new_page() {
    let page = || prop_oneof![markup(), items()];
    property(1500, (page(), page()), |(old, new)| {
        law::check(&print(&old), &print(&new));
    });
}

#[test]
fn patches_of_garbage_lead_to_the_new_garbage() {
    let piece = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<div id=\"a\">",
        "</div>",
        "<b>",
        "</b>",
        "<",
        ">",
        "</",
        "\"",
        "'",
        "=",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<svg>",
        "</svg>",
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "x",
        " ",
        "é",
        "\n",
        "\r",
        "\0",
        "<script>",
        "</script>",
        "<div id='",
        "<!",
        "<?",
        "<br/>",
        "&#97;",
        "<pre>",
        "</pre>",
        "<li>",
        "</li>",
    ]);
    let garbage = || prop::collection::vec(piece.clone(), 0..20);
    property(
        3000,
        (garbage(), garbage(), garbage(), garbage()),
        |(start, old, new, end)| {
            let page = |middle: &[&str]| [&start[..], middle, &end[..]].concat().concat();
            law::check(&page(&old), &page(&new));
        },
    );
    property(500, (any::<String>(), any::<String>()), |(old, new)| {
        law::check(&old, &new);
    });
}
