//! Finds the shape of a type by watching what its `Deserialize` asks for.
//!
//! The type is deserialized again and again, each time from values that lead to a part of it that
//! was not seen yet: another variant, the inside of an option. Values are made up as they are asked
//! for; a type that refuses all of them is known as far as it went. What asks for "anything" (maps
//! of JSON, `untagged` and `flatten`) cannot be looked into and is opaque.

use std::{any::type_name, cell::RefCell, collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};

use super::{Compound, Shape};

/// More than any type of a program needs; what was not seen by then is opaque.
const MAX_RUNS: usize = 10_000;

/// What is offered where text is asked for, until it is taken.
const TEXTS: [&str; 13] = [
    "",
    "a",
    "0",
    "1970-01-01",
    "1970-01-01T00:00:00",
    "1970-01-01T00:00:00Z",
    "00:00:00",
    "00000000-0000-0000-0000-000000000000",
    "127.0.0.1",
    "::1",
    "127.0.0.1:80",
    "http://a.example/",
    "a@b.example",
];

/// The shape of what `T` reads.
pub(crate) fn trace<T: DeserializeOwned>() -> Shape {
    let trace = RefCell::new(Trace::default());
    let root = trace.borrow_mut().add(None, type_name::<T>());
    for _ in 0..MAX_RUNS {
        run::<T>(&trace, root);
        let trace = trace.borrow();
        if !trace.changed || trace.is_seen(root) {
            break;
        }
    }
    let members = trace.borrow().members();
    for (node, member) in members {
        trace.borrow_mut().aim_at(node, member);
        run::<T>(&trace, root);
    }
    let trace = trace.into_inner();
    trace.shape(root)
}

fn run<T: DeserializeOwned>(trace: &RefCell<Trace>, root: usize) {
    {
        let mut trace = trace.borrow_mut();
        trace.changed = false;
        trace.blamed = false;
        trace.within.clear();
    }
    if T::deserialize(At { trace, node: root }).is_err() {
        trace.borrow_mut().blame(root);
    }
}

#[derive(Debug, Default)]
struct Trace {
    nodes: Vec<Node>,
    /// The types that are being read, from the outside in, to see where one is within itself.
    within: Vec<&'static str>,
    /// Whether this run showed something new.
    changed: bool,
    /// Whether somebody is known to be the reason why this run fails.
    blamed: bool,
    /// A member of a struct to leave out, and the nodes on the way there.
    aim: Option<(usize, &'static str)>,
    way: Vec<usize>,
}

#[derive(Debug)]
struct Node {
    parent: Option<usize>,
    kind: NodeKind,
    /// As Rust names it.
    name: String,
    /// How many of the values to offer were refused.
    refused: usize,
    /// Whether a value was accepted.
    accepted: bool,
    /// Whether no value of it can be made.
    broken: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum NodeKind {
    Unknown,
    Opaque,
    /// What only the key of a struct's member asks for.
    Identifier,
    Recursive,
    /// With how many values there are to offer.
    Plain(&'static str, usize),
    Option(usize),
    List(usize),
    Map(usize, usize),
    Tuple(Vec<usize>),
    Struct(Vec<Member>),
    Enum(Vec<(&'static str, usize)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Member {
    name: &'static str,
    node: usize,
    optional: bool,
}

impl Trace {
    fn add(&mut self, parent: Option<usize>, type_name: &str) -> usize {
        self.changed = true;
        self.nodes.push(Node {
            parent,
            kind: NodeKind::Unknown,
            name: short(type_name),
            refused: 0,
            accepted: false,
            broken: false,
        });
        self.nodes.len() - 1
    }

    /// What a node is. It is `new` if nothing was known of it.
    fn kind(&mut self, node: usize, new: impl FnOnce(&mut Self) -> NodeKind) -> NodeKind {
        if self.nodes[node].kind == NodeKind::Unknown {
            self.nodes[node].kind = new(self);
            self.changed = true;
        }
        self.nodes[node].kind.clone()
    }

    /// Puts the failure of this run down to a node, unless it is explained.
    fn blame(&mut self, node: usize) {
        if self.blamed {
            return;
        }
        self.blamed = true;
        let node = &mut self.nodes[node];
        let offers = match node.kind {
            NodeKind::Plain(_, offers) => offers,
            _ => 1,
        };
        if node.refused + 1 < offers {
            node.refused += 1;
            self.changed = true;
        } else if !node.broken {
            node.broken = true;
            self.changed = true;
        }
    }

    fn accept(&mut self, node: usize) {
        self.changed |= !self.nodes[node].accepted;
        self.nodes[node].accepted = true;
    }

    /// Whether there is nothing more to see of a node.
    fn is_seen(&self, node: usize) -> bool {
        let Node {
            kind,
            broken,
            accepted,
            ..
        } = &self.nodes[node];
        match kind {
            NodeKind::Unknown => *broken,
            NodeKind::Recursive | NodeKind::Identifier => true,
            NodeKind::Plain(..) | NodeKind::Opaque => *accepted || *broken,
            NodeKind::Option(of) | NodeKind::List(of) => self.is_seen(*of),
            NodeKind::Map(key, value) => self.is_seen(*key) && self.is_seen(*value),
            NodeKind::Tuple(parts) => parts.iter().all(|part| self.is_seen(*part)) || *broken,
            NodeKind::Struct(members) => members.iter().all(|member| self.is_seen(member.node)),
            NodeKind::Enum(variants) => variants.iter().all(|(_, node)| self.is_seen(*node)),
        }
    }

    /// Whether no value of a node can be made.
    fn is_hopeless(&self, node: usize) -> bool {
        let Node { kind, broken, .. } = &self.nodes[node];
        *broken
            || match kind {
                NodeKind::Recursive => true,
                NodeKind::Tuple(parts) => parts.iter().any(|part| self.is_hopeless(*part)),
                NodeKind::Struct(members) => {
                    members.iter().any(|member| self.is_hopeless(member.node))
                }
                NodeKind::Enum(variants) => {
                    !variants.is_empty() && variants.iter().all(|(_, node)| self.is_hopeless(*node))
                }
                _ => false,
            }
    }

    /// Whether this run goes into a part that may be empty.
    fn goes_into(&self, node: usize) -> bool {
        !self.is_seen(node) || self.way.contains(&node)
    }

    fn members(&self) -> Vec<(usize, &'static str)> {
        let mut all = Vec::new();
        for (place, node) in self.nodes.iter().enumerate() {
            if let NodeKind::Struct(members) = &node.kind {
                all.extend(members.iter().map(|member| (place, member.name)));
            }
        }
        all
    }

    fn aim_at(&mut self, node: usize, member: &'static str) {
        self.aim = Some((node, member));
        self.way.clear();
        let mut next = Some(node);
        while let Some(node) = next {
            self.way.push(node);
            next = self.nodes[node].parent;
        }
    }

    fn shape(&self, node: usize) -> Shape {
        let Node { kind, name, .. } = &self.nodes[node];
        let boxed = |node: &usize| Box::new(self.shape(*node));
        Shape::Compound(match kind {
            NodeKind::Unknown | NodeKind::Opaque | NodeKind::Identifier => {
                return Shape::plain(format!("opaque {name}"));
            }
            NodeKind::Recursive => return Shape::plain(format!("recursive {name}")),
            NodeKind::Plain(name, _) => return Shape::plain(*name),
            NodeKind::Option(of) => Compound::Option(boxed(of)),
            NodeKind::List(of) => Compound::List(boxed(of)),
            NodeKind::Map(key, value) => Compound::Map(boxed(key), boxed(value)),
            NodeKind::Tuple(parts) => {
                Compound::Tuple(parts.iter().map(|part| self.shape(*part)).collect())
            }
            NodeKind::Struct(members) => Compound::Struct(
                members
                    .iter()
                    .map(|member| {
                        let mark = if member.optional { "?" } else { "" };
                        (format!("{}{mark}", member.name), self.shape(member.node))
                    })
                    .collect(),
            ),
            NodeKind::Enum(variants) => Compound::Enum(
                variants
                    .iter()
                    .map(|(name, node)| ((*name).to_owned(), self.shape(*node)))
                    .collect::<BTreeMap<_, _>>(),
            ),
        })
    }
}

/// A type's name without paths, and without what serde wraps around it on the way.
fn short(type_name: &str) -> String {
    let inner = ["PhantomData<", "OptionVisitor<"]
        .iter()
        .find_map(|wrapper| {
            let start = type_name.find(wrapper)? + wrapper.len();
            type_name[start..].strip_suffix('>')
        })
        .unwrap_or(type_name);
    let mut name = String::new();
    for (place, part) in inner
        .split_inclusive(['<', '>', ',', ' ', '(', ')', '[', ']', ';', '&'])
        .enumerate()
    {
        let _ = place;
        name.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    name
}

/// Why a value could not be made.
#[derive(Debug)]
enum Error {
    /// Two names of the member of this name were used.
    Duplicate(&'static str),
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(name) => write!(f, "`{name}` is there twice"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Duplicate(name)
    }
}

/// A deserializer that makes up a value for a node.
#[derive(Clone, Copy)]
struct At<'t> {
    trace: &'t RefCell<Trace>,
    node: usize,
}

impl At<'_> {
    fn child(self, type_name: &str) -> usize {
        self.trace.borrow_mut().add(Some(self.node), type_name)
    }

    fn at(self, node: usize) -> Self {
        Self { node, ..self }
    }

    /// Reads a part, and sees to it that somebody is blamed if that fails.
    fn read<'de, S: DeserializeSeed<'de>>(self, node: usize, seed: S) -> Result<S::Value, Error> {
        let result = seed.deserialize(self.at(node));
        if result.is_err() {
            self.trace.borrow_mut().blame(node);
        }
        result
    }

    fn plain<T>(
        self,
        name: &'static str,
        offers: usize,
        visit: impl FnOnce(usize) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let refused = {
            let mut trace = self.trace.borrow_mut();
            trace.kind(self.node, |_| NodeKind::Plain(name, offers));
            trace.nodes[self.node].refused
        };
        let result = visit(refused);
        let mut trace = self.trace.borrow_mut();
        match result {
            Ok(_) => trace.accept(self.node),
            Err(_) => trace.blame(self.node),
        }
        result
    }

    fn opaque<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.trace
            .borrow_mut()
            .kind(self.node, |_| NodeKind::Opaque);
        let result = visitor.visit_unit();
        if result.is_ok() {
            self.trace.borrow_mut().accept(self.node);
        }
        result
    }

    /// Runs `read` within a type, unless that type is within itself here.
    fn within<V, T>(
        self,
        name: &'static str,
        read: impl FnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let identity = type_name::<V>();
        {
            let mut trace = self.trace.borrow_mut();
            if trace.within.contains(&identity) {
                trace.kind(self.node, |_| NodeKind::Recursive);
                name.clone_into(&mut trace.nodes[self.node].name);
                trace.blamed = true;
                return Err(Error::custom("a type is within itself"));
            }
            trace.within.push(identity);
        }
        let result = read(self);
        self.trace.borrow_mut().within.pop();
        result
    }

    fn tuple<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let kind = self.trace.borrow().nodes[self.node].kind.clone();
        let parts = if let NodeKind::Tuple(parts) = kind {
            parts
        } else {
            let parts: Vec<_> = (0..len).map(|_| self.child("?")).collect();
            let mut trace = self.trace.borrow_mut();
            trace.nodes[self.node].kind = NodeKind::Tuple(parts.clone());
            parts
        };
        visitor.visit_seq(Elements {
            at: self,
            nodes: parts.into_iter(),
        })
    }

    fn members<'de, V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let kind = self.trace.borrow().nodes[self.node].kind.clone();
        let mut members = if let NodeKind::Struct(members) = kind {
            members
        } else {
            let members: Vec<_> = fields
                .iter()
                .map(|name| Member {
                    name,
                    node: self.child("?"),
                    optional: false,
                })
                .collect();
            let mut trace = self.trace.borrow_mut();
            trace.nodes[self.node].kind = NodeKind::Struct(members.clone());
            members
        };
        let aim = {
            let trace = self.trace.borrow();
            // What cannot be made comes last, so that everything else is seen.
            members.sort_by_key(|member| trace.is_hopeless(member.node));
            trace.aim.filter(|(node, _)| *node == self.node)
        };
        if let Some((_, left_out)) = aim {
            members.retain(|member| member.name != left_out);
        }
        let last = RefCell::new(None);
        let result = visitor.visit_map(Members {
            at: self,
            left: members.into_iter(),
            last: &last,
        });
        let mut trace = self.trace.borrow_mut();
        let NodeKind::Struct(members) = &mut trace.nodes[self.node].kind else {
            return result;
        };
        match (&result, aim, last.into_inner()) {
            (Ok(_), Some((_, left_out)), _) => {
                for member in members {
                    member.optional |= member.name == left_out;
                }
            }
            // One of the two is an alias. If that was the first, it will be the second next time.
            (Err(Error::Duplicate(main)), _, Some(Member { name, .. })) => {
                if name == *main {
                    members.sort_by_key(|member| member.name != name);
                } else {
                    members.retain(|member| member.name != name);
                }
                trace.changed = true;
                trace.blamed = true;
            }
            _ => {}
        }
        result
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $name:literal $ty:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.plain($name, 2, |refused| {
                visitor.$visit(if refused == 0 { <$ty>::default() } else { 1 as $ty })
            })
        }
    )*};
}

#[allow(
    clippy::cast_lossless,
    clippy::cast_precision_loss,
    clippy::unnecessary_cast,
    reason = "one body for all numbers"
)]
impl<'de> Deserializer<'de> for At<'_> {
    type Error = Error;

    numbers! {
        deserialize_i8 visit_i8 "i8" i8;
        deserialize_i16 visit_i16 "i16" i16;
        deserialize_i32 visit_i32 "i32" i32;
        deserialize_i64 visit_i64 "i64" i64;
        deserialize_i128 visit_i128 "i128" i128;
        deserialize_u8 visit_u8 "u8" u8;
        deserialize_u16 visit_u16 "u16" u16;
        deserialize_u32 visit_u32 "u32" u32;
        deserialize_u64 visit_u64 "u64" u64;
        deserialize_u128 visit_u128 "u128" u128;
        deserialize_f32 visit_f32 "f32" f32;
        deserialize_f64 visit_f64 "f64" f64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.opaque(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.opaque(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.plain("bool", 2, |refused| visitor.visit_bool(refused == 1))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.plain("char", 1, |_| visitor.visit_char('a'))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.plain("string", TEXTS.len(), |refused| {
            visitor.visit_str(TEXTS[refused])
        })
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.plain("bytes", 1, |_| visitor.visit_bytes(&[]))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.plain("null", 1, |_| visitor.visit_unit())
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let kind = self.trace.borrow_mut().kind(self.node, |trace| {
            NodeKind::Option(trace.add(Some(self.node), type_name::<V>()))
        });
        let NodeKind::Option(of) = kind else {
            return self.opaque(visitor);
        };
        if !self.trace.borrow().goes_into(of) {
            return visitor.visit_none();
        }
        let result = visitor.visit_some(self.at(of));
        if result.is_err() {
            self.trace.borrow_mut().blame(of);
        }
        result
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with('$') {
            // What only `serde_json` itself can give, such as raw JSON.
            return self.opaque(visitor);
        }
        self.within::<V, _>(name, |at| visitor.visit_newtype_struct(at))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let kind = self.trace.borrow_mut().kind(self.node, |trace| {
            NodeKind::List(trace.add(Some(self.node), "?"))
        });
        let NodeKind::List(of) = kind else {
            return self.opaque(visitor);
        };
        let nodes = if self.trace.borrow().goes_into(of) {
            vec![of]
        } else {
            Vec::new()
        };
        visitor.visit_seq(Elements {
            at: self,
            nodes: nodes.into_iter(),
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.within::<V, _>(name, |at| at.tuple(len, visitor))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let kind = self.trace.borrow_mut().kind(self.node, |trace| {
            let key = trace.add(Some(self.node), "?");
            NodeKind::Map(key, trace.add(Some(self.node), "?"))
        });
        let (entry, nodes) = match kind {
            NodeKind::Map(key, value) => {
                let trace = self.trace.borrow();
                let goes = trace.goes_into(key) || trace.goes_into(value);
                (goes.then_some(key), Some((key, value)))
            }
            _ => (None, None),
        };
        let result = visitor.visit_map(Entries {
            at: self,
            key: entry,
            value: nodes.map(|(_, value)| value),
        });
        let mut trace = self.trace.borrow_mut();
        if nodes.is_some_and(|(key, _)| trace.nodes[key].kind == NodeKind::Identifier) {
            // A struct with members that are not known beforehand: `#[serde(flatten)]`.
            trace.nodes[self.node].kind = NodeKind::Opaque;
            trace.nodes[self.node].broken = false;
            trace.changed = true;
            trace.blamed = true;
        } else if result.is_ok() {
            trace.accept(self.node);
        }
        result
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.within::<V, _>(name, |at| at.members(fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.within::<V, _>(name, |at| {
            let kind = at.trace.borrow_mut().kind(at.node, |trace| {
                let nodes = variants
                    .iter()
                    .map(|variant| (*variant, trace.add(Some(at.node), "?")));
                NodeKind::Enum(nodes.collect())
            });
            let NodeKind::Enum(nodes) = kind else {
                return Err(Error::custom("a type asks for one thing, then for another"));
            };
            let chosen = {
                let trace = at.trace.borrow();
                let first = |wanted: &dyn Fn(usize) -> bool| {
                    nodes.iter().find(|(_, node)| wanted(*node)).copied()
                };
                first(&|node| trace.way.contains(&node))
                    .or_else(|| first(&|node| !trace.is_seen(node)))
                    .or_else(|| first(&|node| !trace.is_hopeless(node)))
                    .or_else(|| first(&|_| true))
            };
            let (name, node) = chosen.ok_or_else(|| Error::custom("an enum without variants"))?;
            let result = visitor.visit_enum(Variant {
                at: at.at(node),
                name,
            });
            if result.is_err() {
                at.trace.borrow_mut().blame(node);
            }
            result
        })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.trace
            .borrow_mut()
            .kind(self.node, |_| NodeKind::Identifier);
        visitor.visit_str("")
    }
}

struct Elements<'t> {
    at: At<'t>,
    nodes: std::vec::IntoIter<usize>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.nodes
            .next()
            .map(|node| self.at.named::<T>(node).read(node, seed))
            .transpose()
    }
}

impl At<'_> {
    /// Takes note of the type of a part, which only its seed knows.
    fn named<T>(self, node: usize) -> Self {
        let mut trace = self.trace.borrow_mut();
        if trace.nodes[node].name == "?" {
            trace.nodes[node].name = short(type_name::<T>());
        }
        drop(trace);
        self
    }
}

struct Entries<'t> {
    at: At<'t>,
    key: Option<usize>,
    value: Option<usize>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.key
            .take()
            .map(|node| self.at.named::<K>(node).read(node, seed))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let node = self
            .value
            .ok_or_else(|| Error::custom("a value without a key"))?;
        self.at.named::<T>(node).read(node, seed)
    }
}

struct Members<'t, 'l> {
    at: At<'t>,
    left: std::vec::IntoIter<Member>,
    last: &'l RefCell<Option<Member>>,
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let next = self.left.next();
        self.last.replace(next);
        next.map(|member| seed.deserialize(member.name.into_deserializer()))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let member = *self.last.borrow();
        let node = member
            .ok_or_else(|| Error::custom("a value without a key"))?
            .node;
        self.at.named::<T>(node).read(node, seed)
    }
}

struct Variant<'t> {
    at: At<'t>,
    name: &'static str,
}

impl<'de, 't> EnumAccess<'de> for Variant<'t> {
    type Error = Error;
    type Variant = At<'t>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, At<'t>), Error> {
        let name = seed.deserialize(Name(self.name))?;
        Ok((name, self.at))
    }
}

/// The name of a variant.
struct Name(&'static str);

impl<'de> Deserializer<'de> for Name {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> VariantAccess<'de> for At<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.plain("unit", 1, |_| Ok(()))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.named::<T>(self.node).read(self.node, seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.members(fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, HashSet},
        net::IpAddr,
        num::NonZeroU8,
    };

    use serde::Deserialize;

    use super::*;

    #[track_caller]
    fn is<T: DeserializeOwned>(expected: &str) {
        let shape = trace::<T>();
        assert_eq!(serde_json::to_string(&shape).unwrap(), expected);
    }

    #[test]
    fn plain_types_have_the_shape_of_their_name() {
        is::<i64>(r#""i64""#);
        is::<u128>(r#""u128""#);
        is::<NonZeroU8>(r#""u8""#);
        is::<f32>(r#""f32""#);
        is::<char>(r#""char""#);
        is::<()>(r#""null""#);
        is::<String>(r#""string""#);
        is::<IpAddr>(r#""string""#);
        is::<Box<str>>(r#""string""#);
    }

    #[test]
    fn collections_have_the_shape_of_what_is_in_them() {
        is::<Option<Vec<u8>>>(r#"{"option":{"list":"u8"}}"#);
        is::<HashSet<char>>(r#"{"list":"char"}"#);
        is::<(i8, [bool; 2])>(r#"{"tuple":["i8",{"tuple":["bool","bool"]}]}"#);
        is::<BTreeMap<String, Option<f64>>>(r#"{"map":["string",{"option":"f64"}]}"#);
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Todo {
        text: String,
        #[serde(default)]
        done: bool,
        due: Option<u64>,
        #[serde(alias = "labels")]
        tags: Vec<Tag>,
        mode: Mode,
        #[serde(skip)]
        unseen: u8,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Tag(String);

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    enum Mode {
        Off,
        On(u8),
        Both(u8, bool),
        #[serde(rename = "auto")]
        Auto {
            after: u32,
            #[serde(default)]
            late: bool,
        },
    }

    #[test]
    fn a_struct_tells_its_members_and_which_may_be_left_out() {
        is::<Todo>(concat!(
            r#"{"struct":{"done?":"bool","due?":{"option":"u64"},"mode":{"enum":{"#,
            r#""Both":{"tuple":["u8","bool"]},"Off":"unit","On":"u8","#,
            r#""auto":{"struct":{"after":"u32","late?":"bool"}}}},"tags":{"list":"string"},"#,
            r#""text":"string"}}"#,
        ));
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    enum Expression {
        Sum(Vec<Self>),
        Negative(Box<Self>),
        Number { value: i64, next: Option<Chain> },
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Chain {
        next: Option<Box<Self>>,
        link: u8,
    }

    #[test]
    fn a_type_within_itself_is_told_by_its_name() {
        is::<Chain>(r#"{"struct":{"link":"u8","next?":{"option":"recursive Chain"}}}"#);
        is::<Expression>(concat!(
            r#"{"enum":{"Negative":"recursive Expression","Number":{"struct":{"#,
            r#""next?":{"option":{"struct":{"link":"u8","next?":{"option":"recursive Chain"}}}},"#,
            r#""value":"i64"}},"Sum":{"list":"recursive Expression"}}}"#,
        ));
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Flat {
        name: String,
        #[serde(flatten)]
        more: BTreeMap<String, u8>,
    }

    #[derive(Deserialize)]
    #[serde(tag = "kind")]
    #[expect(dead_code, reason = "only its shape is of interest")]
    enum Tagged {
        A { a: u8 },
        B,
    }

    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Picky(String);

    impl TryFrom<String> for Picky {
        type Error = &'static str;

        fn try_from(_: String) -> Result<Self, Self::Error> {
            Err("never")
        }
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Mixed {
        picky: Picky,
        value: serde_json::Value,
        flat: Option<Flat>,
        tagged: Vec<Tagged>,
        number: i64,
    }

    #[test]
    fn what_cannot_be_looked_into_is_told_by_its_name_and_hides_nothing_else() {
        is::<Flat>(r#""opaque Flat""#);
        is::<Mixed>(concat!(
            r#"{"struct":{"flat":{"option":"opaque Flat"},"number":"i64","picky":"string","#,
            r#""tagged":{"list":"opaque Tagged"},"value":"opaque Value"}}"#,
        ));
    }
}
