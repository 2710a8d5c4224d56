//! The `arcc` program.

fn main() -> std::process::ExitCode {
    arcc::cli::main()
}
