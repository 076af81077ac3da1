//! Readiness of many sockets, by epoll.

use std::{
    fmt, io,
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
};

/// A set of sockets, each with its own number.
pub(super) struct Poll {
    epoll: OwnedFd,
    ready: Vec<Event>,
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").finish_non_exhaustive()
    }
}

impl Poll {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            ready: Vec::with_capacity(1024),
        })
    }

    /// Reports the socket under `number` whenever it can be read.
    pub(super) fn read(&self, socket: impl AsFd, number: usize) -> io::Result<()> {
        self.add(socket, number, EventFlags::IN)
    }

    /// Reports the socket under `number` when it can be written to, for example after a connect.
    pub(super) fn write(&self, socket: impl AsFd, number: usize) -> io::Result<()> {
        self.add(socket, number, EventFlags::OUT)
    }

    /// From now on the socket is reported when it can be read.
    pub(super) fn written(&self, socket: impl AsFd, number: usize) -> io::Result<()> {
        let data = EventData::new_u64(number as u64);
        Ok(epoll::modify(&self.epoll, socket, data, EventFlags::IN)?)
    }

    fn add(&self, socket: impl AsFd, number: usize, flags: EventFlags) -> io::Result<()> {
        let data = EventData::new_u64(number as u64);
        Ok(epoll::add(&self.epoll, socket, data, flags)?)
    }

    /// Like [`wait`](Self::wait), without sleep: the server's write would have to wake a sleeping thread, at
    /// the server's cost.
    pub(super) fn spin(&mut self, patience: Duration, numbers: &mut Vec<usize>) -> io::Result<()> {
        let until = Instant::now() + patience;
        loop {
            self.wait(Duration::ZERO, numbers)?;
            if !numbers.is_empty() || Instant::now() >= until {
                return Ok(());
            }
        }
    }

    /// Waits for at most `patience` until sockets are ready, and puts their numbers into `numbers`.
    pub(super) fn wait(&mut self, patience: Duration, numbers: &mut Vec<usize>) -> io::Result<()> {
        numbers.clear();
        self.ready.clear();
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.ready),
            Some(&patience),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        numbers.extend(self.ready.iter().map(|event| {
            let data = event.data;
            usize::try_from(data.u64()).unwrap_or(usize::MAX)
        }));
        Ok(())
    }
}
