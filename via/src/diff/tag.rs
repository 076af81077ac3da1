//! Tags: how they are read from the text, and what a browser's parser thinks of their names.

use std::ops::Range;

/// What is special about an element's name to a browser's parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The container: not in the text.
    Root,
    /// Still open as it is written, ended already for a browser: no rule sees it.
    Gone,
    /// A name without a rule of its own: `span`, `label`, `output`, custom elements.
    Other,
    /// Ends a `p`, stops the search for an enclosing `li`.
    Block,
    /// `div` and `address`: blocks that do not stop the search for an enclosing `li`.
    Div,
    /// `dialog`, and `search` of which older browsers know nothing: ends a `p`, otherwise ordinary.
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
    /// `b`, `em` and the like, which a browser opens again where they were not closed.
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
    /// `script` is not among them.
    RawText,
    /// `xmp`: raw text that ends a `p`.
    RawBlock,
    TextArea,
    /// `title`.
    Title,
    Input,
    /// `hr`: without content, ends a `p`.
    Rule,
    /// `br`: without content, and made by an end tag too.
    Break,
    /// The other elements without content.
    Void,
    /// `applet`, `marquee`, `object`.
    Object,
    /// Filled by the browser itself.
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

impl Kind {
    /// Elements that never have content nor an end tag.
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

    /// Elements that only stand in a table, in their places.
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

    /// Elements that no search for an open element looks past.
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

    /// Elements that hold what a user did with them: losing one loses that.
    pub(super) fn holds_user_state(self) -> bool {
        matches!(
            self,
            Self::Input | Self::TextArea | Self::Select | Self::Object | Self::RawText
        )
    }
}

const SHORT: &[(&[u8], Kind)] = &[
    (b"a", Kind::A),
    (b"address", Kind::Div),
    (b"applet", Kind::Object),
    (b"area", Kind::Void),
    (b"article", Kind::Block),
    (b"aside", Kind::Block),
    (b"b", Kind::Formatting),
    (b"base", Kind::Void),
    (b"basefont", Kind::Void),
    (b"bgsound", Kind::Void),
    (b"big", Kind::Formatting),
    (b"body", Kind::Unruly),
    (b"br", Kind::Break),
    (b"button", Kind::Button),
    (b"caption", Kind::Caption),
    (b"center", Kind::Block),
    (b"code", Kind::Formatting),
    (b"col", Kind::Column),
    (b"colgroup", Kind::ColumnGroup),
    (b"dd", Kind::Term),
    (b"details", Kind::Block),
    (b"dialog", Kind::Dialog),
    (b"dir", Kind::Block),
    (b"div", Kind::Div),
    (b"dl", Kind::Block),
    (b"dt", Kind::Term),
    (b"em", Kind::Formatting),
    (b"embed", Kind::Void),
    (b"fieldset", Kind::Block),
    (b"figure", Kind::Block),
    (b"font", Kind::Formatting),
    (b"footer", Kind::Block),
    (b"form", Kind::Form),
    (b"frame", Kind::Unruly),
    (b"frameset", Kind::Unruly),
    (b"h1", Kind::Heading),
    (b"h2", Kind::Heading),
    (b"h3", Kind::Heading),
    (b"h4", Kind::Heading),
    (b"h5", Kind::Heading),
    (b"h6", Kind::Heading),
    (b"head", Kind::Unruly),
    (b"header", Kind::Block),
    (b"hgroup", Kind::Block),
    (b"hr", Kind::Rule),
    (b"html", Kind::Unruly),
    (b"i", Kind::Formatting),
    (b"iframe", Kind::RawText),
    (b"image", Kind::Unruly),
    (b"img", Kind::Void),
    (b"input", Kind::Input),
    (b"keygen", Kind::Input),
    (b"li", Kind::Li),
    (b"link", Kind::Void),
    (b"listing", Kind::Pre),
    (b"main", Kind::Block),
    (b"marquee", Kind::Object),
    (b"math", Kind::Math),
    (b"menu", Kind::Block),
    (b"meta", Kind::Void),
    (b"nav", Kind::Block),
    (b"nobr", Kind::A),
    (b"noembed", Kind::RawText),
    (b"noframes", Kind::RawText),
    (b"noscript", Kind::NoScript),
    (b"object", Kind::Object),
    (b"ol", Kind::Block),
    (b"optgroup", Kind::OptionGroup),
    (b"option", Kind::Option),
    (b"p", Kind::P),
    (b"param", Kind::Void),
    (b"pre", Kind::Pre),
    (b"rb", Kind::RubyPart),
    (b"rp", Kind::RubyPart),
    (b"rt", Kind::RubyPart),
    (b"rtc", Kind::RubyPart),
    (b"ruby", Kind::Ruby),
    (b"s", Kind::Formatting),
    (b"script", Kind::Script),
    (b"search", Kind::Dialog),
    (b"section", Kind::Block),
    (b"select", Kind::Select),
    (b"small", Kind::Formatting),
    (b"source", Kind::Void),
    (b"strike", Kind::Formatting),
    (b"strong", Kind::Formatting),
    (b"style", Kind::RawText),
    (b"summary", Kind::Block),
    (b"svg", Kind::Svg),
    (b"table", Kind::Table),
    (b"tbody", Kind::Section),
    (b"td", Kind::Cell),
    (b"template", Kind::Template),
    (b"textarea", Kind::TextArea),
    (b"tfoot", Kind::Section),
    (b"th", Kind::Cell),
    (b"thead", Kind::Section),
    (b"title", Kind::Title),
    (b"tr", Kind::Row),
    (b"track", Kind::Void),
    (b"tt", Kind::Formatting),
    (b"u", Kind::Formatting),
    (b"ul", Kind::Block),
    (b"wbr", Kind::Void),
    (b"xmp", Kind::RawBlock),
];

/// Names of up to eight bytes as numbers, each at its slot or, where that is taken, at the next free one. Looking up a
/// name takes one comparison, mostly. No name is 0.
static SLOTS: [(u64, Kind); 1 << SLOT_BITS] = {
    let mut slots = [(0, Kind::Other); 1 << SLOT_BITS];
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
pub(super) fn kind(name: &[u8]) -> Kind {
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
        Kind::Block
    } else if is("plaintext") {
        Kind::Unruly
    } else if is("selectedcontent") {
        Kind::Mirror
    } else {
        Kind::Other
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
    /// Declares a shadow root, which is no child.
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

/// Reads the tag whose name begins at `name`; nothing if the text ends within it.
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
