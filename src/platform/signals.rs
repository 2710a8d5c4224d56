//! Signals that end the program, or stop it for a while.

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

/// Signals that stop the program for a while, as ctrl-z does elsewhere, and let it go on.
#[cfg(unix)]
pub struct Pauses {
    stop: tokio::signal::unix::Signal,
    go_on: tokio::signal::unix::Signal,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The program shall stop (SIGTSTP): see [`stop_here`].
    Stop,
    /// It was stopped and goes on (SIGCONT); what the terminal shows is not known.
    GoOn,
}

#[cfg(unix)]
impl Pauses {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind: Signal| signal(SignalKind::from_raw(kind.as_raw()));
        Ok(Self { stop: listen(Signal::TSTP)?, go_on: listen(Signal::CONT)? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Pause {
        tokio::select! {
            _ = self.stop.recv() => Pause::Stop,
            _ = self.go_on.recv() => Pause::GoOn,
        }
    }
}

/// Stops this process until somebody lets it go on. The terminal must have been given back.
#[cfg(unix)]
pub fn stop_here() {
    // It cannot be refused; that it was sent to no other process is all that could fail.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
}

/// Nothing stops the program here.
#[cfg(not(unix))]
pub struct Pauses;

#[cfg(not(unix))]
impl Pauses {
    /// Listens to nothing.
    ///
    /// # Errors
    /// None here.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Never ends.
    pub async fn next(&mut self) -> Pause {
        std::future::pending().await
    }
}

/// Does nothing here.
#[cfg(not(unix))]
pub fn stop_here() {}

/// Waits until the terminal has hung up; where SIGHUP is ignored, nothing else tells.
#[cfg(unix)]
pub async fn terminal_gone() {
    use rustix::event::{PollFd, PollFlags, poll};
    let (tell, told) = tokio::sync::oneshot::channel();
    let watch = move || {
        // Asking for nothing still reports a hang-up, and costs nothing until there is one.
        let stdin = rustix::stdio::stdin();
        while poll(&mut [PollFd::new(&stdin, PollFlags::empty())], None) == Err(rustix::io::Errno::INTR) {}
        let _ = tell.send(());
    };
    let begun = std::thread::Builder::new().name("arcc-hangup".into()).spawn(watch);
    if begun.is_err() || told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Never ends: no terminal tells of this here.
#[cfg(not(unix))]
pub async fn terminal_gone() {
    std::future::pending().await
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
