//! The child's side: a loop over requests.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::confinement::confine;
use super::protocol::{Reply, Request};
use super::{limits, sandbox};

/// Serves scripts on standard input and output until the input ends.
///
/// It blocks, starts no thread and opens no file, and takes those abilities away from itself
/// before it reads the first script. A runtime starts it as a child; it is of no use to people.
pub fn lua_worker_main() -> ExitCode {
    match serve(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(mut requests: impl BufRead, mut replies: impl Write) -> io::Result<()> {
    say(&mut replies, &confine()?)?;
    let mut line = String::new();
    while requests.read_line(&mut line)? > 0 {
        say(&mut replies, &answer(&line)?)?;
        line.clear();
    }
    Ok(())
}

fn say(replies: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *replies, what)?;
    replies.write_all(b"\n")?;
    replies.flush()
}

fn answer(line: &str) -> io::Result<Reply> {
    let request: Request = serde_json::from_str(line)?;
    limits::allow_processor_time(sandbox::processor_time(), Duration::from_secs(request.seconds))?;
    Ok(sandbox::run(&request))
}
