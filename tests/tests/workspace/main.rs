//! What holds for the workspace as a whole, whatever its programs do.

mod dependencies;
mod guides;
mod layers;
mod neighbours;
