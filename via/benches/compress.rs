//! What compression of documents saves, and what it costs: the figures behind the threshold and the
//! level in `state/compress.rs`.
//!
//! The documents are of sessions with a to-do list, a chat log, or settings, at eight sizes. The
//! sizes after compression are printed first, then the times.

use std::fmt::Write as _;

use divan::{Bencher, counter::BytesCount};

const SIZES: [usize; 8] = [256, 512, 1024, 2048, 4096, 16_384, 65_536, 262_144];
const KINDS: [(&str, Item); 3] = [("todo", todo), ("chat", chat), ("settings", setting)];

type Item = fn(&mut Random, usize) -> String;

fn main() {
    print_sizes();
    divan::main();
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn print_sizes() {
    println!("bytes after compression, in % of those before: level 1 / level 3");
    for (kind, item) in KINDS {
        let mut line = format!("{kind:>8}");
        for size in SIZES {
            let document = document(item, size);
            let ratio = |level| {
                let packed = zstd::bulk::compress(document.as_bytes(), level).expect("it fits");
                100 * packed.len() / document.len()
            };
            let _ = write!(line, "  {size}: {}/{}", ratio(1), ratio(3));
        }
        println!("{line}");
    }
}

#[divan::bench(args = SIZES, consts = [1, 3])]
fn pack<const LEVEL: i32>(bencher: Bencher<'_, '_>, size: usize) {
    let document = document(chat, size);
    bencher
        .counter(BytesCount::new(document.len()))
        .bench(|| zstd::bulk::compress(document.as_bytes(), LEVEL).expect("it fits"));
}

#[divan::bench(args = SIZES, consts = [1, 3])]
fn unpack<const LEVEL: i32>(bencher: Bencher<'_, '_>, size: usize) {
    let document = document(chat, size);
    let packed = zstd::bulk::compress(document.as_bytes(), LEVEL).expect("it fits");
    bencher
        .counter(BytesCount::new(document.len()))
        .bench(|| zstd::bulk::decompress(&packed, document.len()).expect("it was compressed"));
}

/// A document of at least `size` bytes, with as many items as that takes.
fn document(item: Item, size: usize) -> String {
    let mut random = Random(7);
    let mut text = format!(
        r#"{{"format":1,"secret":"{}","created":1790000000000,"fields":{{"Page.items":["#,
        random.id(43)
    );
    let mut place = 0;
    while text.len() + 100 < size || place == 0 {
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{}", item(&mut random, place));
        place += 1;
    }
    let _ = write!(
        text,
        r#"]}},"tabs":{{"{:016x}":{{"load":{{"epoch":0,"nonce":{},"since":1790000000000}},"number":{place},"digest":{},"outcome":{{"applied":{{"revision":{place}}}}},"at":1790000000000}}}},"recent":[{},{}]}}"#,
        random.next(),
        random.next() >> 32,
        random.next(),
        random.next(),
        random.next(),
    );
    text
}

fn todo(random: &mut Random, place: usize) -> String {
    let text = random.words(4);
    let done = random.next().is_multiple_of(2);
    format!(r#"{{"id":{place},"text":"{text}","done":{done},"due":null}}"#)
}

fn chat(random: &mut Random, _: usize) -> String {
    let at = 1_790_000_000_000 + random.next() % 1_000_000_000;
    let from = ["ada", "grace", "edsger"][usize::try_from(random.next() % 3).unwrap_or(0)];
    let text = random.words(9);
    format!(r#"{{"from":"{from}","at":{at},"text":"{text}"}}"#)
}

fn setting(random: &mut Random, place: usize) -> String {
    let name = random.words(2).replace(' ', "_");
    let value = random.next() % 1000;
    format!(r#"{{"name":"{name}_{place}","value":{value},"inherited":false}}"#)
}

/// A generator that gives the same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn id(&mut self, len: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..len)
            .map(|_| char::from(LETTERS[usize::try_from(self.next() % 64).unwrap_or(0)]))
            .collect()
    }

    fn words(&mut self, count: usize) -> String {
        const WORDS: &str = "the of and to in is it for on that you with this be at have are not \
            we can will was but they from all one about time what make some when there use your \
            water call mother kitchen invoice meeting garden write buy milk bread tickets train \
            doctor monday friday tomorrow please send report review deploy server database error";
        let words: Vec<_> = WORDS.split_whitespace().collect();
        let picked: Vec<_> = (0..count)
            .map(|_| words[usize::try_from(self.next() % words.len() as u64).unwrap_or(0)])
            .collect();
        picked.join(" ")
    }
}
