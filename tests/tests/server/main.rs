//! Servers without a browser: what they answer over HTTP, what they keep, and what they refuse.

mod behind_proxies;
mod connections;
mod crowded;
mod damaged;
mod exactly_once;
mod frames_in_answers;
mod hosts;
mod icon;
mod idle_tabs;
mod keys;
mod limits;
mod live;
mod log_in;
mod program;
mod proxies;
mod rate;
mod refusals;
mod rollback;
mod scopes;
mod servers;
mod sessions;
mod side_by_side;
mod store_away;
mod user_code;
mod wire;
