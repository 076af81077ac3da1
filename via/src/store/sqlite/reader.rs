//! The threads that read.

use std::sync::{Mutex, PoisonError, mpsc::Receiver};

use rusqlite::Connection;

use super::{
    call::Job,
    connection::DatabaseFile,
    failure::{Setback, is_passing},
    table::DocumentTable,
};

/// How many calls share one snapshot of the file.
const MAX_BATCH: usize = 64;

/// Reads until all senders are gone.
pub(super) fn run(
    file: &DatabaseFile,
    connection: Connection,
    queue: &Mutex<Receiver<Box<dyn Job>>>,
) {
    let mut connection = Some(connection);
    loop {
        let jobs = {
            let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Ok(first) = queue.recv() else { return };
            let mut jobs = vec![first];
            jobs.extend(queue.try_iter().take(MAX_BATCH - 1));
            jobs
        };
        serve(file, &mut connection, jobs);
    }
}

/// Answers all jobs from one snapshot, which is taken after the last of them was sent.
fn serve(file: &DatabaseFile, slot: &mut Option<Connection>, jobs: Vec<Box<dyn Job>>) {
    let mut open = || match slot.take() {
        Some(connection) => Ok(connection),
        None => file.open_reader(),
    };
    let connection = match open().and_then(|connection| {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(connection)
    }) {
        Ok(connection) => connection,
        Err(error) => {
            let setback = Setback::certain(error);
            for job in jobs {
                job.answer(Err(&setback));
            }
            return;
        }
    };
    let table = DocumentTable::new(&connection);
    let mut usable = true;
    for mut job in jobs {
        match job.run(&table) {
            Ok(()) => job.answer(Ok(())),
            Err(error) => {
                usable &= is_passing(&error);
                job.answer(Err(&Setback::certain(error)));
            }
        }
    }
    usable &= connection
        .prepare_cached("COMMIT")
        .and_then(|mut it| it.execute([]))
        .is_ok();
    if usable {
        *slot = Some(connection);
    }
}
