//! Measures servers under load: `cargo run --release -p via-tests --bin load -- help`.

fn main() -> std::process::ExitCode {
    via_tests::load::main(std::env::args().skip(1))
}
