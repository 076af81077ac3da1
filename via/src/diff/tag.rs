//! Tags: how they are parsed, and how the parser of a browser treats their names.

use std::ops::Range;

/// How the parser of a browser treats an element with this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// The container, which is not in the text.
    Root,
    /// Still open in the text, but already ended for a browser. No rule looks at it.
    Gone,
    /// Names without special rules: `span`, `label`, `output`, custom elements.
    Other,
    /// Ends a `p`, stops the search for an enclosing `li`.
    Block,
    /// `div` and `address`: blocks that do not stop the search for an enclosing `li`.
    Div,
    /// `dialog`, and `search`, which older browsers do not know: ends a `p`, otherwise ordinary.
    Dialog,
    P,
    Heading,
    Li,
    /// `dd` and `dt`.
    Term,
    /// `pre` and `listing`, which swallow a first line break.
    Pre,
    Form,
    Button,
    A,
    /// `b`, `em` and similar elements, which a browser opens again if they were not closed.
    Formatting,
    Ruby,
    /// `rb`, `rp`, `rt`, `rtc`.
    RubyPart,
    Table,
    Caption,
    ColumnGroup,
    Column,
    /// `tbody`, `thead`, `tfoot`.
    Section,
    Row,
    Cell,
    Select,
    Option,
    OptionGroup,
    Template,
    NoScript,
    Script,
    /// Elements with raw text, except `script`.
    RawText,
    /// `xmp`: raw text that ends a `p`.
    RawBlock,
    TextArea,
    /// `title`.
    Title,
    Input,
    /// `hr`: has no content and ends a `p`.
    Rule,
    /// `br`: has no content. An end tag also creates one.
    Break,
    /// The other elements without content.
    Void,
    /// `applet`, `marquee`, `object`.
    Object,
    /// Elements that the browser itself fills.
    Mirror,
    /// An element of SVG, `svg` itself included.
    Svg,
    /// An element of `MathML`, `math` itself included.
    Math,
    /// An element of SVG or `MathML` whose content is HTML again.
    Integration,
    /// Elements that a browser drops, moves or renames, or that end all markup.
    Unruly,
}

impl ElementKind {
    /// Elements that have neither content nor an end tag.
    pub(crate) fn is_void(self) -> bool {
        matches!(
            self,
            Self::Void | Self::Input | Self::Rule | Self::Break | Self::Column
        )
    }

    /// Elements whose content is text up to their own end tag.
    pub(crate) fn is_raw(self) -> bool {
        matches!(
            self,
            Self::Script | Self::RawText | Self::RawBlock | Self::TextArea | Self::Title
        )
    }

    pub(crate) fn is_foreign(self) -> bool {
        matches!(self, Self::Svg | Self::Math | Self::Integration)
    }

    /// Elements whose end tag may be left out, so that the end of their parent ends them too.
    pub(super) fn has_implied_end(self) -> bool {
        matches!(
            self,
            Self::P | Self::Li | Self::Term | Self::Option | Self::OptionGroup | Self::RubyPart
        )
    }

    /// Elements that are only valid at certain positions in a table.
    pub(super) fn is_table_part(self) -> bool {
        matches!(
            self,
            Self::Caption
                | Self::ColumnGroup
                | Self::Column
                | Self::Section
                | Self::Row
                | Self::Cell
        )
    }

    /// Elements that stop every search for an open element.
    pub(super) fn is_scope(self) -> bool {
        matches!(
            self,
            Self::Root
                | Self::Object
                | Self::Caption
                | Self::Table
                | Self::Cell
                | Self::Template
                | Self::Svg
                | Self::Math
                | Self::Integration
        )
    }

    /// Elements that stop the search of an `li` or `dd` for the one that it ends.
    pub(super) fn stops_item_search(self) -> bool {
        !matches!(
            self,
            Self::Gone
                | Self::Other
                | Self::Div
                | Self::Dialog
                | Self::P
                | Self::A
                | Self::Formatting
                | Self::Ruby
                | Self::RubyPart
                | Self::Option
                | Self::OptionGroup
                | Self::Li
                | Self::Term
                | Self::Mirror
                | Self::Svg
                | Self::Math
                | Self::Integration
        )
    }

    /// Elements before which a browser ends an open `p`.
    pub(super) fn ends_paragraph(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Div
                | Self::Dialog
                | Self::P
                | Self::Heading
                | Self::Li
                | Self::Term
                | Self::Pre
                | Self::Form
                | Self::Table
                | Self::Rule
                | Self::RawBlock
        )
    }

    /// Elements that hold input of the user, which is lost with them.
    pub(super) fn holds_user_state(self) -> bool {
        matches!(
            self,
            Self::Input | Self::TextArea | Self::Select | Self::Object | Self::RawText
        )
    }
}

const SHORT: &[(&[u8], ElementKind)] = &[
    (b"a", ElementKind::A),
    (b"address", ElementKind::Div),
    (b"applet", ElementKind::Object),
    (b"area", ElementKind::Void),
    (b"article", ElementKind::Block),
    (b"aside", ElementKind::Block),
    (b"b", ElementKind::Formatting),
    (b"base", ElementKind::Void),
    (b"basefont", ElementKind::Void),
    (b"bgsound", ElementKind::Void),
    (b"big", ElementKind::Formatting),
    (b"body", ElementKind::Unruly),
    (b"br", ElementKind::Break),
    (b"button", ElementKind::Button),
    (b"caption", ElementKind::Caption),
    (b"center", ElementKind::Block),
    (b"code", ElementKind::Formatting),
    (b"col", ElementKind::Column),
    (b"colgroup", ElementKind::ColumnGroup),
    (b"dd", ElementKind::Term),
    (b"details", ElementKind::Block),
    (b"dialog", ElementKind::Dialog),
    (b"dir", ElementKind::Block),
    (b"div", ElementKind::Div),
    (b"dl", ElementKind::Block),
    (b"dt", ElementKind::Term),
    (b"em", ElementKind::Formatting),
    (b"embed", ElementKind::Void),
    (b"fieldset", ElementKind::Block),
    (b"figure", ElementKind::Block),
    (b"font", ElementKind::Formatting),
    (b"footer", ElementKind::Block),
    (b"form", ElementKind::Form),
    (b"frame", ElementKind::Unruly),
    (b"frameset", ElementKind::Unruly),
    (b"h1", ElementKind::Heading),
    (b"h2", ElementKind::Heading),
    (b"h3", ElementKind::Heading),
    (b"h4", ElementKind::Heading),
    (b"h5", ElementKind::Heading),
    (b"h6", ElementKind::Heading),
    (b"head", ElementKind::Unruly),
    (b"header", ElementKind::Block),
    (b"hgroup", ElementKind::Block),
    (b"hr", ElementKind::Rule),
    (b"html", ElementKind::Unruly),
    (b"i", ElementKind::Formatting),
    (b"iframe", ElementKind::RawText),
    (b"image", ElementKind::Unruly),
    (b"img", ElementKind::Void),
    (b"input", ElementKind::Input),
    (b"keygen", ElementKind::Input),
    (b"li", ElementKind::Li),
    (b"link", ElementKind::Void),
    (b"listing", ElementKind::Pre),
    (b"main", ElementKind::Block),
    (b"marquee", ElementKind::Object),
    (b"math", ElementKind::Math),
    (b"menu", ElementKind::Block),
    (b"meta", ElementKind::Void),
    (b"nav", ElementKind::Block),
    (b"nobr", ElementKind::A),
    (b"noembed", ElementKind::RawText),
    (b"noframes", ElementKind::RawText),
    (b"noscript", ElementKind::NoScript),
    (b"object", ElementKind::Object),
    (b"ol", ElementKind::Block),
    (b"optgroup", ElementKind::OptionGroup),
    (b"option", ElementKind::Option),
    (b"p", ElementKind::P),
    (b"param", ElementKind::Void),
    (b"pre", ElementKind::Pre),
    (b"rb", ElementKind::RubyPart),
    (b"rp", ElementKind::RubyPart),
    (b"rt", ElementKind::RubyPart),
    (b"rtc", ElementKind::RubyPart),
    (b"ruby", ElementKind::Ruby),
    (b"s", ElementKind::Formatting),
    (b"script", ElementKind::Script),
    (b"search", ElementKind::Dialog),
    (b"section", ElementKind::Block),
    (b"select", ElementKind::Select),
    (b"small", ElementKind::Formatting),
    (b"source", ElementKind::Void),
    (b"strike", ElementKind::Formatting),
    (b"strong", ElementKind::Formatting),
    (b"style", ElementKind::RawText),
    (b"summary", ElementKind::Block),
    (b"svg", ElementKind::Svg),
    (b"table", ElementKind::Table),
    (b"tbody", ElementKind::Section),
    (b"td", ElementKind::Cell),
    (b"template", ElementKind::Template),
    (b"textarea", ElementKind::TextArea),
    (b"tfoot", ElementKind::Section),
    (b"th", ElementKind::Cell),
    (b"thead", ElementKind::Section),
    (b"title", ElementKind::Title),
    (b"tr", ElementKind::Row),
    (b"track", ElementKind::Void),
    (b"tt", ElementKind::Formatting),
    (b"u", ElementKind::Formatting),
    (b"ul", ElementKind::Block),
    (b"wbr", ElementKind::Void),
    (b"xmp", ElementKind::RawBlock),
];

/// A hash table of names of up to eight bytes, as numbers. Each is at its slot or, if that is taken, at
/// the next free one, so most lookups need one comparison. No name is 0.
static SLOTS: [(u64, ElementKind); 1 << SLOT_BITS] = {
    let mut slots = [(0, ElementKind::Other); 1 << SLOT_BITS];
    let mut filled = 0;
    while filled < SHORT.len() {
        let key = key(SHORT[filled].0);
        let mut at = slot(key);
        while slots[at].0 != 0 {
            at = (at + 1) % slots.len();
        }
        slots[at] = (key, SHORT[filled].1);
        filled += 1;
    }
    slots
};

const SLOT_BITS: u32 = 9;

const fn slot(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOT_BITS)) as usize
}

const fn key(name: &[u8]) -> u64 {
    let mut key = 0;
    let mut at = 0;
    while at < name.len() {
        key = key << 8 | name[at].to_ascii_lowercase() as u64;
        at += 1;
    }
    key
}

/// The kind of an HTML element with this name, in any case.
pub(super) fn kind(name: &[u8]) -> ElementKind {
    if name.len() <= 8 {
        let key = key(name);
        let mut at = slot(key);
        while SLOTS[at].0 != key && SLOTS[at].0 != 0 {
            at = (at + 1) % SLOTS.len();
        }
        return SLOTS[at].1;
    }
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    if is("blockquote") || is("figcaption") {
        ElementKind::Block
    } else if is("plaintext") {
        ElementKind::Unruly
    } else if is("selectedcontent") {
        ElementKind::Mirror
    } else {
        ElementKind::Other
    }
}

/// Whether this start tag ends SVG or `MathML` around it, in a browser.
pub(super) fn breaks_out_of_foreign(name: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "center",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "i",
        "img",
        "li",
        "listing",
        "menu",
        "meta",
        "nobr",
        "ol",
        "p",
        "pre",
        "ruby",
        "s",
        "small",
        "span",
        "strong",
        "strike",
        "sub",
        "sup",
        "table",
        "tt",
        "u",
        "ul",
        "var",
    ];
    NAMES
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// One start or end tag.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) name: Range<usize>,
    /// Just after its `>`.
    pub(super) end: usize,
    pub(super) self_closing: bool,
    /// The value of its `id` attribute, as written.
    pub(super) id: Option<Range<usize>>,
    /// Whether it declares a shadow root, whose content is not a child.
    pub(super) shadow_root: bool,
}

impl Tag {
    /// A tag without attributes.
    pub(super) fn bare(name: Range<usize>) -> Self {
        Self {
            end: name.end + 1,
            name,
            self_closing: false,
            id: None,
            shadow_root: false,
        }
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// Reads the tag whose name begins at `name`; `None` if the text ends within it.
pub(super) fn read(html: &[u8], name: usize) -> Option<Tag> {
    let mut at = name;
    while !matches!(*html.get(at)?, b'/' | b'>') && !is_space(html[at]) {
        at += 1;
    }
    let mut tag = Tag::bare(name..at);
    loop {
        match *html.get(at)? {
            b'>' => {
                tag.end = at + 1;
                return Some(tag);
            }
            b'/' => {
                at += 1;
                tag.self_closing = html.get(at) == Some(&b'>');
            }
            byte if is_space(byte) => at += 1,
            _ => at = read_attribute(html, at, &mut tag)?,
        }
    }
}

/// Reads the attribute that begins at `start` and returns where it ends.
fn read_attribute(html: &[u8], start: usize, tag: &mut Tag) -> Option<usize> {
    let Attribute { name, value, end } = attribute(html, start)?;
    let name = &html[name];
    if name.eq_ignore_ascii_case(b"id") {
        tag.id.get_or_insert(value);
    } else if name.eq_ignore_ascii_case(b"shadowrootmode") {
        tag.shadow_root = true;
    }
    Some(end)
}

/// An attribute, as ranges of the text that it stands in.
pub(crate) struct Attribute {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
    pub(crate) end: usize,
}

fn attribute(html: &[u8], start: usize) -> Option<Attribute> {
    // A leading `=` belongs to the name.
    let mut at = start + 1;
    while !matches!(*html.get(at)?, b'/' | b'>' | b'=') && !is_space(html[at]) {
        at += 1;
    }
    let name = start..at;
    let mut after = at;
    while is_space(*html.get(after)?) {
        after += 1;
    }
    if html[after] != b'=' {
        return Some(Attribute {
            name,
            value: at..at,
            end: after,
        });
    }
    at = after + 1;
    while is_space(*html.get(at)?) {
        at += 1;
    }
    let (value, end) = match html[at] {
        b'>' => (at..at, at),
        quote @ (b'"' | b'\'') => {
            let length = html[at + 1..].iter().position(|&byte| byte == quote)?;
            (at + 1..at + 1 + length, at + length + 2)
        }
        _ => {
            let length = html[at..]
                .iter()
                .position(|&byte| byte == b'>' || is_space(byte))?;
            (at..at + length, at + length)
        }
    };
    Some(Attribute { name, value, end })
}

/// The attributes of the start tag `tag`, in order.
pub(crate) fn attributes(tag: &str) -> impl Iterator<Item = Attribute> {
    let html = tag.as_bytes();
    let ends_name = |&byte: &u8| matches!(byte, b'/' | b'>') || is_space(byte);
    let mut at = html.iter().position(ends_name).unwrap_or(html.len());
    std::iter::from_fn(move || {
        while *html.get(at)? == b'/' || is_space(html[at]) {
            at += 1;
        }
        if html[at] == b'>' {
            return None;
        }
        let attribute = attribute(html, at)?;
        at = attribute.end;
        Some(attribute)
    })
}

/// The value of an attribute of the start tag `tag`, as written.
pub(super) fn attribute_of<'t>(tag: &'t str, wanted: &str) -> Option<&'t str> {
    attributes(tag)
        .find(|attribute| tag[attribute.name.clone()].eq_ignore_ascii_case(wanted))
        .and_then(|attribute| tag.get(attribute.value))
}
