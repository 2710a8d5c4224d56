//! What the operating system takes away from a worker before it sees its first script.

use std::io;

use serde::{Deserialize, Serialize};

use super::limits;

/// Which of the system's locks hold. Resource limits hold everywhere, or the worker does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// No file can be opened and no port bound or connected to: Landlock, on Linux 5.13 and newer.
    pub landlock: Lock,
    /// No system call but those that computing needs: a seccomp filter, on Linux.
    pub seccomp: Lock,
}

/// How far one lock holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// All of it.
    Whole,
    /// As far as this kernel knows it.
    Part,
    /// Not at all: this system does not have it.
    None,
}

impl Confinement {
    /// What is missing, in one sentence for an operator; `None` when nothing is.
    pub fn shortfall(self) -> Option<String> {
        let missing: Vec<_> = [("Landlock", self.landlock), ("seccomp", self.seccomp)]
            .into_iter()
            .filter_map(|(name, lock)| match lock {
                Lock::Whole => None,
                Lock::Part => Some(format!("{name} in part")),
                Lock::None => Some(format!("no {name}")),
            })
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "Lua workers run with {} on this system; the allow-listed globals, the empty environment and the \
                 resource limits hold all the same",
                missing.join(" and ")
            )
        })
    }
}

/// Confines this process for good. The filter of system calls comes last, for the other locks need
/// some of those that it refuses.
///
/// # Errors
/// When the system refuses a resource limit that it does support.
pub(super) fn confine() -> io::Result<Confinement> {
    let landlock = system::landlock();
    limits::confine()?;
    Ok(Confinement { landlock, seccomp: system::seccomp() })
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::BTreeMap;
    use std::io;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError, RulesetStatus, Scope,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };

    use super::Lock;

    /// Nothing is allowed, so a script that got hold of a file's name could do nothing with it.
    pub(super) fn landlock() -> Lock {
        let newest = ABI::V6;
        let restrict = || -> Result<_, RulesetError> {
            let ruleset = Ruleset::default()
                .handle_access(AccessFs::from_all(newest))?
                .handle_access(AccessNet::from_all(newest))?
                .scope(Scope::AbstractUnixSocket | Scope::Signal)?;
            ruleset.create()?.restrict_self()
        };
        match restrict().map(|status| status.ruleset) {
            Ok(RulesetStatus::FullyEnforced) => Lock::Whole,
            Ok(RulesetStatus::PartiallyEnforced) => Lock::Part,
            Ok(RulesetStatus::NotEnforced) | Err(_) => Lock::None,
        }
    }

    /// Calls outside of the list fail with EPERM.
    pub(super) fn seccomp() -> Lock {
        let apply = || -> io::Result<()> {
            let program = program().map_err(io::Error::other)?;
            seccompiler::apply_filter(&program).map_err(io::Error::other)
        };
        if apply().is_ok() { Lock::Whole } else { Lock::None }
    }

    fn program() -> Result<BpfProgram, seccompiler::BackendError> {
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let arch = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules()?, refuse, SeccompAction::Allow, arch)?.try_into()
    }

    /// The calls that computing needs: reading requests, writing replies, memory that is never code,
    /// clocks, and ending.
    fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
        let equal =
            |place, value| SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value);
        let no_code = || {
            let executable = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
            Ok(vec![SeccompRule::new(vec![SeccompCondition::new(
                2,
                SeccompCmpArgLen::Dword,
                executable,
                0,
            )?])?])
        };
        let only = |place, values: &[u64]| {
            values
                .iter()
                .map(|value| SeccompRule::new(vec![equal(place, *value)?]))
                .collect::<Result<Vec<_>, _>>()
        };
        let mut rules: BTreeMap<_, _> = FREE.iter().map(|call| (*call, Vec::new())).collect();
        rules.insert(libc::SYS_read, only(0, &[0])?);
        rules.insert(libc::SYS_write, only(0, &[1, 2])?);
        rules.insert(libc::SYS_writev, only(0, &[1, 2])?);
        rules.insert(libc::SYS_mmap, no_code()?);
        rules.insert(libc::SYS_mprotect, no_code()?);
        // Its own limits, and no other process's.
        rules.insert(libc::SYS_prlimit64, only(0, &[0])?);
        Ok(rules)
    }

    /// What needs no look at its arguments.
    const FREE: [i64; 20] = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_getrusage,
        libc::SYS_gettid,
        libc::SYS_gettimeofday,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
    ];
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Lock;

    pub(super) fn landlock() -> Lock {
        Lock::None
    }

    pub(super) fn seccomp() -> Lock {
        Lock::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn what_is_missing_is_said_in_one_sentence() {
        let confinement = |landlock, seccomp| Confinement { landlock, seccomp }.shortfall();
        assert_eq!(confinement(Lock::Whole, Lock::Whole), None);
        let said = confinement(Lock::Part, Lock::None).unwrap();
        assert!(
            said.starts_with("Lua workers run with Landlock in part and no seccomp on this system;"),
            "{said}"
        );
    }
}
