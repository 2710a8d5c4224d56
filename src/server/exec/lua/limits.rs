//! The published limits of scripts, and the operating system's limits that back them up.

use std::io;
use std::time::Duration;

use rlimit::Resource;

/// The longest source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 64 * 1024;
/// The largest result, in bytes of JSON.
pub const MAX_RESULT_BYTES: usize = 1024 * 1024;
/// How much memory a script's Lua state may hold, in bytes.
pub const MEMORY_BYTES: usize = 64 * 1024 * 1024;
/// How long a script may take when its step does not say.
pub const DEFAULT_TIME: Duration = Duration::from_secs(5);
/// How long a script may take at most, whatever its step says.
pub const LONGEST_TIME: Duration = Duration::from_secs(30);

/// The address space of a worker, in bytes: generous, because the Lua state has its own limit.
const ADDRESS_SPACE: u64 = 1024 * 1024 * 1024;
/// Standard input, output and error; a script can open nothing more.
const OPEN_FILES: u64 = 3;

/// How long a script of a step with this `timeout_s` may take.
pub fn time_limit(asked: Option<Duration>) -> Duration {
    asked.unwrap_or(DEFAULT_TIME).min(LONGEST_TIME)
}

/// Takes away from this process what no script needs: new files, writing, core dumps, memory.
///
/// # Errors
/// When the operating system refuses one of the limits it does support.
pub(super) fn confine() -> io::Result<()> {
    Resource::CORE.set(0, 0)?;
    Resource::FSIZE.set(0, 0)?;
    Resource::NOFILE.set(OPEN_FILES, OPEN_FILES)?;
    if cfg!(target_os = "linux") {
        Resource::AS.set(ADDRESS_SPACE, ADDRESS_SPACE)?;
        Resource::NPROC.set(0, 0)?;
    }
    Ok(())
}

/// Lets this process use `more` seconds of processor time beyond the `used` ones. It ends a
/// worker whose parent died while a script was looping.
///
/// # Errors
/// When the operating system refuses.
pub(super) fn allow_processor_time(used: f64, more: Duration) -> io::Result<()> {
    let (_, hard) = Resource::CPU.get()?;
    let soft = (used.max(0.0) as u64).saturating_add(more.as_secs()).saturating_add(2);
    Resource::CPU.set(soft.min(hard), hard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_ask_for_more_time_up_to_the_ceiling() {
        assert_eq!(time_limit(None), DEFAULT_TIME);
        assert_eq!(time_limit(Some(Duration::from_secs(12))), Duration::from_secs(12));
        assert_eq!(time_limit(Some(Duration::from_secs(600))), LONGEST_TIME);
    }
}
