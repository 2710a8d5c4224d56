//! Signals that end the program.

/// Why the program is asked to end, with the exit code that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The terminal is gone (SIGHUP).
    Hangup,
    /// Interrupted from outside (SIGINT).
    Interrupt,
    /// Told to end (SIGTERM).
    Terminate,
}

impl Ending {
    /// 128 plus the signal's number, as shells have it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Waits for the first signal that ends the program.
///
/// # Errors
/// When the handlers cannot be installed.
#[cfg(unix)]
pub fn ending() -> std::io::Result<impl Future<Output = Ending>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = hangup.recv() => Ending::Hangup,
            _ = interrupt.recv() => Ending::Interrupt,
            _ = terminate.recv() => Ending::Terminate,
        }
    })
}

/// Waits for ctrl-c, the only signal here.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
pub fn ending() -> std::io::Result<impl Future<Output = Ending>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        Ending::Interrupt
    })
}
