//! Warns at start if the process may open too few files for its connections.

use super::Room;

/// Warns if the limit of descriptors is below what the connections and the streams need.
pub(super) fn warn_if_too_few(room: Room) {
    // Linux tells it as text. Elsewhere the operator has to know.
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let needed = needed(room);
    if let Some(allowed) = open_files(&limits).filter(|allowed| *allowed < needed) {
        tracing::warn!(
            allowed,
            needed,
            "the process may open fewer files than its connections and streams can need; raise the \
             limit (`LimitNOFILE` of systemd, `ulimit -n`), or lower `App::connections`"
        );
    }
}

/// One descriptor for each connection, and for each stream that is to be expected.
fn needed(room: Room) -> usize {
    let streams = room.streams_per_address.min(room.connections);
    room.connections.saturating_add(streams)
}

/// The soft limit of open files; `None` if there is none.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_of_open_files_is_read() {
        let limits = |soft| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max processes             96212                96212                processes \n\
                 Max open files            {soft}                 524288               files     \n"
            )
        };
        assert_eq!(open_files(&limits("1024")), Some(1024));
        assert_eq!(open_files(&limits("unlimited")), None);
        assert_eq!(open_files(""), None);
    }

    #[test]
    fn connections_and_streams_need_a_descriptor_each() {
        let room = |streams_per_address| Room {
            connections: 100,
            streams_per_address,
            ..Room::default()
        };
        assert_eq!(needed(room(20)), 120);
        assert_eq!(needed(room(usize::MAX)), 200);
    }
}
