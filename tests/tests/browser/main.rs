//! Real browsers: what users see, type and click, in the examples and in pages of the tests.

mod behind_nginx;
mod between;
mod chat;
mod client_api;
mod counter;
mod dev;
mod edits;
mod expressions;
mod failures;
mod fields;
mod harness;
mod icon;
mod log_in;
mod losses;
mod modules;
mod parts;
mod servers;
mod signals;
mod tabs;
mod todos;
mod typing;
mod what_survives;
