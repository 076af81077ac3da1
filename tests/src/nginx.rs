//! An nginx in front of servers, as a distribution installs it.
//!
//! ```no_run
//! use via_tests::{nginx::Nginx, server::{Options, Server}};
//!
//! let server = Server::build("counter-example").start(Options::default());
//! let nginx = Nginx::start(&[server.address()]);
//! assert!(nginx.url("/").starts_with("http://127.0.0.1:"));
//! ```

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::patience::wait_until;
use crate::server::free_address;

/// A running nginx. Dropping the value ends it.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    child: Child,
    directory: TempDir,
}

impl Nginx {
    /// Starts nginx on a free port in front of these servers. It uses them in turn for all clients: no
    /// session sticks to a server. It has the default settings for proxying, with one exception: nginx uses
    /// a server again at its next turn even if it could not reach it. By default it leaves such a server
    /// out for ten seconds, and has none left if all servers were restarted within that time.
    #[track_caller]
    #[must_use]
    pub fn start(servers: &[SocketAddr]) -> Self {
        let directory = tempfile::tempdir().expect("a directory for nginx");
        let address = free_address();
        let config = directory.path().join("nginx.conf");
        fs::write(&config, configuration(directory.path(), address, servers))
            .expect("the configuration can be written");
        let errors = File::create(directory.path().join("stderr")).expect("a file for messages");
        let child = Command::new("nginx")
            .arg("-p")
            .arg(directory.path())
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("this test needs nginx (Debian: `apt-get install nginx`): {error}")
            });
        let mut nginx = Self {
            address,
            child,
            directory,
        };
        wait_until("nginx listens", || {
            if let Some(status) = nginx.child.try_wait().expect("nginx can be waited for") {
                panic!("nginx ended at once ({status}): {}", nginx.messages());
            }
            TcpStream::connect(address).ok()
        });
        nginx
    }

    /// Where nginx listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `path` behind nginx.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What nginx logged about itself and about requests that failed.
    #[must_use]
    pub fn messages(&self) -> String {
        ["stderr", "error.log"]
            .map(|name| fs::read_to_string(self.directory.path().join(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with the master, but not if the master is killed.
        if let Some(master) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(master, Signal::TERM);
        }
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("nginx wrote:\n{}", self.messages());
        }
    }
}

/// The settings of Debian's package, with files in `directory` and one site.
fn configuration(directory: &Path, address: SocketAddr, servers: &[SocketAddr]) -> String {
    let directory = directory.display();
    let mut upstream = String::new();
    for server in servers {
        let _ = writeln!(upstream, "    server {server} max_fails=0;");
    }
    format!(
        "daemon off;
worker_processes auto;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{
  worker_connections 768;
}}
http {{
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  default_type application/octet-stream;
  access_log off;
  gzip on;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  upstream app {{
{upstream}  }}
  server {{
    listen {address};
    location / {{
      proxy_pass http://app;
    }}
  }}
}}
"
    )
}
