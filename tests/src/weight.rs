//! How much memory this process uses.

use std::fs;

/// The bytes of this process that are in memory.
///
/// # Panics
///
/// If the system does not report it in `/proc`, as Linux does.
#[must_use]
pub fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells in /proc");
    let kib: usize = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.parse().ok())
        .expect("the line VmRSS has kB");
    kib * 1024
}
