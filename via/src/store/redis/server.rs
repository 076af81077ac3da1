//! Reads the configuration of a server: whether it can keep documents, and what they survive.

use std::{collections::HashMap, time::Duration};

use redis::{RedisError, RedisResult, aio::MultiplexedConnection};

use super::address::{Address, Fsync};
use crate::store::{Durability, OpenError};

/// The format that this version of the store writes.
const FORMAT: &str = "1";
/// The oldest major version with flags for scripts. Without them, a full Redis also refuses reads.
const OLDEST: u32 = 7;
/// With `everysec`, Redis delays a flush for up to two seconds if the disk is slow.
const EVERY_SECOND: Duration = Duration::from_secs(2);

/// Checks a server, writes the format number if there is none, and returns what an acknowledged commit
/// survives.
pub(super) async fn inspect(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<Durability, OpenError> {
    let info: RedisResult<String> = redis::cmd("INFO").query_async(connection).await;
    let info = info.map_err(|error| without(address, "INFO", error))?;
    let info = Info::of(&info);
    info.check().map_err(|reason| address.refused(reason))?;
    let settings = settings(connection, address).await?;
    let level = info.level(settings.as_ref(), address.claimed);
    let level = level.map_err(|reason| address.refused(reason))?;
    check_format(connection, address).await?;
    Ok(level)
}

/// The settings that `INFO` does not contain; `None` if this user must not read them.
async fn settings(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<Option<Settings>, OpenError> {
    let answer: RedisResult<HashMap<String, String>> = redis::cmd("CONFIG")
        .arg("GET")
        .arg("appendfsync")
        .arg("no-appendfsync-on-rewrite")
        .query_async(connection)
        .await;
    match answer {
        Ok(settings) => Ok(settings.get("appendfsync").and_then(|fsync| {
            Some(Settings {
                fsync: Fsync::parse(fsync)?,
                pauses: settings
                    .get("no-appendfsync-on-rewrite")
                    .is_some_and(|value| value == "yes"),
            })
        })),
        // The command is forbidden, or this managed Redis does not have it.
        Err(error) if error.code().is_some() => Ok(None),
        Err(error) => Err(address.unreachable(error)),
    }
}

async fn check_format(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<(), OpenError> {
    let key = format!("{}format", address.prefix);
    let written: RedisResult<Option<String>> = redis::cmd("SET")
        .arg(&key)
        .arg(FORMAT)
        .arg("NX")
        .query_async(connection)
        .await;
    match written {
        Ok(_) => {}
        // A full Redis most likely has it already. If not, it refuses commits too.
        Err(error) if error.code() == Some("OOM") => {}
        Err(error) => return Err(without(address, "SET", error)),
    }
    let found: RedisResult<Option<String>> =
        redis::cmd("GET").arg(&key).query_async(connection).await;
    let found = found.map_err(|error| without(address, "GET", error))?;
    let found = found.unwrap_or_else(|| FORMAT.to_owned());
    if found == FORMAT {
        return Ok(());
    }
    Err(address.refused(if found.parse::<u32>().is_ok() {
        format!(
            "its documents under `{}` have format {found}, which a newer version of via wrote; this \
             version knows formats up to {FORMAT}, so run the newer version",
            address.prefix
        )
    } else {
        format!("another program uses the key `{key}`; write another `?prefix=` in the URL")
    }))
}

fn without(address: &Address, command: &str, error: RedisError) -> OpenError {
    match error.code() {
        Some("NOPERM") => address.refused(format!(
            "its user may not call `{command}`; grant the rights that the documentation of \
             `RedisStore` lists"
        )),
        Some(_) => address.refused(error.to_string()),
        None => address.unreachable(error),
    }
}

struct Settings {
    fsync: Fsync,
    /// Whether Redis does not flush while it rewrites its log.
    pauses: bool,
}

/// The lines of `INFO`.
struct Info<'a>(HashMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    fn of(text: &'a str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> &'a str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// Refuses a server that cannot keep documents or would lose them.
    fn check(&self) -> Result<(), String> {
        let version = self.get("redis_version");
        let major = version.split('.').next().and_then(|it| it.parse().ok());
        if major.is_none_or(|major: u32| major < OLDEST) {
            return Err(format!(
                "it is version `{version}`; via needs Redis {OLDEST} or newer, or any Valkey"
            ));
        }
        if self.get("redis_mode") == "sentinel" {
            return Err(
                "it is a Sentinel, which stores no documents; write the address of the primary that \
                 it watches, or a host name that follows the primary"
                    .to_owned(),
            );
        }
        if self.get("cluster_enabled") == "1" {
            return Err(
                "it is a node of a Redis Cluster, which cannot change documents on different nodes \
                 atomically; use a Redis without cluster mode (one primary, with or without \
                 replicas)"
                    .to_owned(),
            );
        }
        if self.get("role") != "master" {
            return Err(format!(
                "it is a replica, whose documents may be stale and cannot be changed; write the \
                 address of its primary, `{}:{}`",
                self.get("master_host"),
                self.get("master_port"),
            ));
        }
        let policy = self.get("maxmemory_policy");
        if policy != "noeviction" {
            return Err(format!(
                "its `maxmemory-policy` is `{policy}`, which deletes documents when memory runs out; \
                 set `maxmemory-policy noeviction` in its configuration"
            ));
        }
        if self.get("loading") == "1" {
            return Err("it is still loading its documents; try again in a moment".to_owned());
        }
        Ok(())
    }

    /// What a commit survives after this server has acknowledged it.
    fn level(
        &self,
        settings: Option<&Settings>,
        claimed: Option<Fsync>,
    ) -> Result<Durability, String> {
        let appends = self.get("aof_enabled") == "1";
        let fsync = match (settings, claimed) {
            (_, Some(claimed)) if !appends => {
                return Err(format!(
                    "`appendonly` is `no` in its configuration, so `appendfsync={claimed}` in the \
                     URL is wrong; set `appendonly yes` in the configuration, or remove \
                     `appendfsync` from the URL"
                ));
            }
            (Some(settings), Some(claimed)) if settings.fsync != claimed => {
                return Err(format!(
                    "`appendfsync` is `{}` in its configuration and `{claimed}` in the URL; change \
                     one of them",
                    settings.fsync
                ));
            }
            (Some(settings), _) => Some(settings.fsync),
            (None, claimed) => claimed,
        };
        if self.get("connected_slaves") != "0" {
            return Ok(Durability::MayRollBack);
        }
        if !appends {
            return Ok(Durability::Volatile);
        }
        let pauses = settings.is_some_and(|settings| settings.pauses);
        match fsync {
            Some(Fsync::No) => Ok(Durability::ProcessCrash),
            Some(_) if pauses => Ok(Durability::ProcessCrash),
            Some(Fsync::Always) => Ok(Durability::PowerLoss),
            Some(Fsync::EverySecond) => Ok(Durability::BoundedLoss {
                millis: u32::try_from(EVERY_SECOND.as_millis()).unwrap_or(u32::MAX),
            }),
            None => Err(
                "its user may not call `CONFIG GET`, so via cannot tell what a power failure would \
                 lose; grant `+config|get`, or write the setting of the server at the end of the \
                 URL: `?appendfsync=always`, `everysec` or `no`"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIT: &str = "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n\
                       connected_slaves:0\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n\
                       cluster_enabled:0\r\nloading:0\r\n";

    fn check(change: (&str, &str)) -> Result<(), String> {
        let text = FIT.replace(change.0, change.1);
        Info::of(&text).check()
    }

    /// The servers that no test starts; the others are in `tests/stores/redis_refusals.rs`.
    #[test]
    fn servers_that_cannot_keep_documents_are_refused() {
        assert_eq!(check(("", "")), Ok(()));
        assert_eq!(check(("7.0.15", "8.6.0")), Ok(()));
        for (change, reason) in [
            (("7.0.15", "6.2.14"), "it is version `6.2.14`; via needs"),
            (("redis_version", "other"), "it is version ``"),
            (("standalone", "sentinel"), "it is a Sentinel"),
            (("loading:0", "loading:1"), "it is still loading"),
            (("maxmemory_policy", "other"), "`maxmemory-policy` is ``"),
        ] {
            let refusal = check(change).unwrap_err();
            assert!(refusal.contains(reason), "{refusal}");
        }
    }

    /// The store declares only a level of which it is certain.
    #[test]
    fn the_lower_of_two_levels_is_declared() {
        let level = |text: &str, settings: Option<Fsync>, claimed| {
            let settings = settings.map(|fsync| Settings {
                fsync,
                pauses: false,
            });
            Info::of(text).level(settings.as_ref(), claimed)
        };
        let always = Some(Fsync::Always);
        assert_eq!(level(FIT, always, always), Ok(Durability::PowerLoss));
        assert_eq!(level(FIT, None, always), Ok(Durability::PowerLoss));
        assert!(level(FIT, None, None).is_err());
        assert!(level(FIT, Some(Fsync::EverySecond), always).is_err());
        let followed = FIT.replace("slaves:0", "slaves:1");
        assert_eq!(level(&followed, always, None), Ok(Durability::MayRollBack));
        assert_eq!(level(&followed, None, None), Ok(Durability::MayRollBack));
        let silent = FIT.replace("connected_slaves:0", "");
        assert_eq!(level(&silent, always, None), Ok(Durability::MayRollBack));
    }
}
