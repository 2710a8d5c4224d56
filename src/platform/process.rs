//! Other processes of this machine.

/// Whether a process lives; a number that was given to another one since counts as alive.
#[cfg(unix)]
pub fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    // A process of somebody else's may not be signalled, but it is there.
    rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
}

/// Whether a process lives: it cannot be told here, and it is not ours to wait for it.
#[cfg(not(unix))]
pub fn is_alive(_pid: u32) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::is_alive;

    #[test]
    fn a_process_lives_until_it_has_ended() {
        assert!(is_alive(std::process::id()) && is_alive(1));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(!is_alive(pid) && !is_alive(0) && !is_alive(u32::MAX));
    }
}
