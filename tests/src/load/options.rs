//! The command line.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    figures, floor, pages, process,
    process::Server,
    scenario::{actions, bytes, commits, fanout, herd, idle, soak, stalled, start, stores},
    tab::{COUNTER, Call, TABLE},
};

/// The stores that can be measured.
const STORES: [&str; 3] = ["memory", "sqlite", "redis"];

const HELP: &str = "\
load SCENARIO [OPTION VALUE]...

  actions   closed loop on the counter page, with 1, 8, 16 and 64 tabs
  cell      the same on a table of 1,000 rows of which one cell changes
  fanout    one commit to 1,000 and 15,000 tabs
  idle      memory of 15,000 idle tabs
  bytes     what an update costs on the wire
  stores    closed loop of 64 sessions on each store, or on the one that --store names
  commits   64 callers of each store that keeps things, or of the one that --store names, without a
            server
  herd      10,000 tabs come back at once
  stalled   others act beside 500 tabs that read nothing
  start     from the start of a program to its first byte
  soak      load for --seconds, and whether memory grows
  all       all of these but the soak, in less than five minutes

  --tabs N      only with so many tabs
  --idle N      beside so many idle tabs
  --store URL   memory: (default), sqlite://PATH, redis://HOST; for `stores` and `commits` a name
  --program P   which program `start` starts
  --rounds N    5 by default
  --seconds N   of each round, 1 by default
  --addr A      at a server that runs already, instead of one that is started
  --pid N       whose process this is, to see its time and memory
";

/// What the arguments ask for.
#[derive(Debug)]
struct Options {
    scenario: String,
    tabs: Option<usize>,
    idle: usize,
    store: String,
    rounds: usize,
    time: Duration,
    address: Option<SocketAddr>,
    pid: Option<u32>,
    program: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: Vec<String>) -> io::Result<Self> {
        let mut arguments = arguments.into_iter();
        let mut options = Self {
            scenario: arguments.next().unwrap_or_else(|| "help".into()),
            tabs: None,
            idle: 0,
            store: "memory:".into(),
            rounds: 5,
            time: Duration::from_secs(1),
            address: None,
            pid: None,
            program: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| wrong(&format!("{name} has no value")))?;
            let number = || value.parse::<usize>().map_err(|_| wrong(&value));
            match &*name {
                "--tabs" => options.tabs = Some(number()?),
                "--idle" => options.idle = number()?,
                "--store" => options.store = value,
                "--rounds" => options.rounds = number()?,
                "--seconds" => {
                    let seconds: f64 = value.parse().map_err(|_| wrong(&value))?;
                    options.time =
                        Duration::try_from_secs_f64(seconds).map_err(io::Error::other)?;
                }
                "--addr" => options.address = Some(value.parse().map_err(|_| wrong(&value))?),
                "--pid" => options.pid = Some(value.parse().map_err(|_| wrong(&value))?),
                "--program" => options.program = Some(value.into()),
                _ => return Err(wrong(&name)),
            }
        }
        Ok(options)
    }

    fn server(&self) -> io::Result<Server> {
        match self.address {
            Some(address) => Ok(Server::at(address, self.pid)),
            None => Server::start("serve", Some(&self.store)),
        }
    }

    /// The program that `start` starts: by default the counter beside this one.
    fn program(&self) -> io::Result<PathBuf> {
        match &self.program {
            Some(program) => Ok(program.clone()),
            None => Ok(std::env::current_exe()?.with_file_name("counter-example")),
        }
    }

    fn setting(&self, name: &'static str, call: Call, tabs: usize) -> actions::Setting {
        actions::Setting {
            name,
            call,
            tabs,
            rounds: self.rounds,
            time: self.time,
        }
    }

    fn tabs(&self, usual: &[usize]) -> Vec<usize> {
        self.tabs.map_or_else(|| usual.to_vec(), |tabs| vec![tabs])
    }
}

fn wrong(text: &str) -> io::Error {
    io::Error::other(format!("what is `{text}`? `load help` says what there is"))
}

/// Does what the arguments ask for.
pub(super) fn run(arguments: Vec<String>) -> io::Result<()> {
    let options = Options::parse(arguments)?;
    process::raise_limits()?;
    match &*options.scenario {
        "serve" => return pages::serve(),
        "floor" => return floor::serve(),
        "help" => {
            pages::say(HELP);
            return Ok(());
        }
        _ => {}
    }
    figures::conditions().say();
    process::pin(1)?;
    match &*options.scenario {
        "all" => all(&options),
        other => one(&options, other),
    }
}

/// Everything at the usual sizes.
fn all(options: &Options) -> io::Result<()> {
    for scenario in [
        "bytes", "start", "actions", "cell", "stores", "commits", "fanout", "herd", "stalled",
        "idle",
    ] {
        let began = Instant::now();
        one(options, scenario)?;
        let took = began.elapsed().as_secs_f64();
        eprintln!("{scenario} took {took:.0} s");
    }
    Ok(())
}

fn one(options: &Options, scenario: &str) -> io::Result<()> {
    let Options { store, rounds, .. } = options;
    let rounds = *rounds;
    match scenario {
        "actions" => closed_loop(options, "actions", COUNTER, &[1, 8, 16, 64]),
        "cell" => closed_loop(options, "cell", TABLE, &[1, 16]),
        "fanout" => options
            .tabs(&[1_000, 15_000])
            .into_iter()
            .try_for_each(|tabs| fanout::run(&options.server()?, store, tabs, rounds)),
        "idle" => idle_tabs(options),
        "bytes" => [COUNTER, TABLE]
            .into_iter()
            .try_for_each(|call| bytes::run(&options.server()?, call)),
        "stores" => of_stores(options, &STORES, stores::run),
        // The memory store has no medium.
        "commits" => of_stores(options, &STORES[1..], commits::run),
        "herd" => options
            .tabs(&[10_000])
            .into_iter()
            .try_for_each(|tabs| herd::run(&options.server()?, store, tabs, rounds.min(3))),
        "stalled" => options
            .tabs(&[500])
            .into_iter()
            .try_for_each(|tabs| stalled::run(&options.server()?, store, tabs)),
        "start" => start::run(&options.program()?, 2 * rounds),
        "soak" => soak::run(&options.server()?, store, options.time),
        other => Err(wrong(other)),
    }
}

/// Measures each store, or only the one that is named.
fn of_stores(
    options: &Options,
    usual: &[&str],
    run: impl Fn(&str, usize, Duration) -> io::Result<()>,
) -> io::Result<()> {
    let run = |store: &str| run(store, options.rounds, options.time);
    match &*options.store {
        "memory:" => usual.iter().try_for_each(|store| run(store)),
        store => run(store),
    }
}

/// The memory of idle tabs, and how fast other tabs act beside them.
fn idle_tabs(options: &Options) -> io::Result<()> {
    let Options { store, .. } = options;
    let tabs = options.tabs.unwrap_or(15_000);
    drop(idle::run(&options.server()?, store, tabs, true)?);
    let server = options.server()?;
    let setting = options.setting("actions", COUNTER, 16);
    actions::run(&server, setting, store, None, &mut || Ok(None))?;
    let crowd = idle::run(&server, store, tabs, false)?;
    actions::run(&server, setting, store, Some(&crowd), &mut || Ok(None))
}

fn closed_loop(
    options: &Options,
    name: &'static str,
    call: Call,
    usual: &[usize],
) -> io::Result<()> {
    let server = options.server()?;
    let crowd = match options.idle {
        0 => None,
        count => Some(idle::run(&server, &options.store, count, false)?),
    };
    for tabs in options.tabs(usual) {
        let setting = options.setting(name, call, tabs);
        let mut bare = || {
            let time = options.time / 10;
            Ok((name == "cell").then(|| pages::renders_of_the_table(time)))
        };
        actions::run(&server, setting, &options.store, crowd.as_ref(), &mut bare)?;
    }
    Ok(())
}
