//! The scripts that run within Redis: one for each operation, each of them atomic.
//!
//! The store calls a script by its hash. Redis forgets scripts when it restarts, so the next call sends
//! the text.

use redis::{Cmd, Script};

/// A script with its hash.
#[derive(Debug)]
pub(super) struct Code {
    text: &'static str,
    hash: String,
}

impl Code {
    fn new(text: &'static str) -> Self {
        let hash = Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }

    /// A call by hash; the keys and arguments follow.
    pub(super) fn call(&self, keys: usize) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.hash).arg(keys);
        command
    }

    /// The same call with the script itself.
    pub(super) fn call_whole(&self, call: &Cmd) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text);
        for argument in call.args_iter().skip(2) {
            if let redis::Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        command
    }
}

/// All scripts of the store.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) commit: Code,
    /// Like `commit`, but Redis runs it even if it is full. For commits that need no room.
    pub(super) release: Code,
    pub(super) touch: Code,
    pub(super) delete: Code,
    pub(super) sweep: Code,
    pub(super) owned_by: Code,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            commit: Code::new(include_str!("commit.lua")),
            release: Code::new(concat!(
                "#!lua flags=allow-oom\n--",
                include_str!("commit.lua")
            )),
            touch: Code::new(include_str!("touch.lua")),
            delete: Code::new(include_str!("delete.lua")),
            sweep: Code::new(include_str!("sweep.lua")),
            owned_by: Code::new(include_str!("owned_by.lua")),
        }
    }
}
