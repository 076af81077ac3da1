//! Properties of the workspace as a whole.

mod corpus;
mod dependencies;
mod guides;
mod layers;
mod log_lines;
mod neighbours;
