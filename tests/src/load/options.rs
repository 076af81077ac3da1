//! The command line.

use std::{io, net::SocketAddr, time::Duration};

use super::{
    figures, floor, pages, process,
    process::Server,
    scenario::{actions, fanout, idle},
    tab::{COUNTER, Call, TABLE},
};

const HELP: &str = "\
load SCENARIO [OPTION VALUE]...

  actions   closed loop on the counter page, with 1, 8, 16 and 64 tabs
  cell      the same on a table of 1,000 rows of which one cell changes
  fanout    one commit to 1,000 and 15,000 tabs
  idle      memory of 15,000 idle tabs

  --tabs N      only with so many tabs
  --idle N      beside so many idle tabs
  --store URL   memory: (default), sqlite://PATH, redis://HOST
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
        "actions" => closed_loop(&options, "actions", COUNTER, &[1, 8, 16, 64]),
        "cell" => closed_loop(&options, "cell", TABLE, &[1, 16]),
        "fanout" => options
            .tabs(&[1_000, 15_000])
            .into_iter()
            .try_for_each(|tabs| {
                fanout::run(&options.server()?, &options.store, tabs, options.rounds)
            }),
        "idle" => [false, true].into_iter().try_for_each(|committed| {
            let tabs = options.tabs.unwrap_or(15_000);
            idle::run(&options.server()?, &options.store, tabs, committed).map(drop)
        }),
        other => Err(wrong(other)),
    }
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
        let setting = actions::Setting {
            name,
            call,
            tabs,
            rounds: options.rounds,
            time: options.time,
        };
        actions::run(&server, setting, &options.store, crowd.as_ref())?;
    }
    Ok(())
}
