//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "server")]
    if std::env::args().nth(1).as_deref() == Some("lua-worker") {
        return arcc::server::exec::lua_worker_main();
    }
    ExitCode::SUCCESS
}
