//! What the kernel denies a replayer from its first migration on, whatever runs in it: new connections, other programs,
//! and signals other than those by which the server's processes wake each other. The hooks know what they leave out; this
//! holds for what nobody has told them of. The call gets an error, and so does the statement that led to it.
//!
//! Linux alone has it. Where the kernel refuses to take the filter, the hooks are all there is.

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod filter {
    use std::collections::BTreeMap;

    use seccompiler::SeccompCmpArgLen::Dword;
    use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    type Rules = Vec<SeccompRule>;

    /// All of these arguments of a call, by their places.
    fn rule(arguments: &[(u8, SeccompCmpOp, i32)]) -> Result<SeccompRule, BackendError> {
        let conditions = arguments
            .iter()
            .map(|(place, is, value)| SeccompCondition::new(*place, Dword, is.clone(), *value as u32 as u64));
        SeccompRule::new(conditions.collect::<Result<_, _>>()?)
    }

    /// Datagrams of this machine stay allowed: the server's log may go to syslog.
    fn sockets() -> Result<Rules, BackendError> {
        let kind = |kind| rule(&[(0, Eq, libc::AF_UNIX), (1, MaskedEq(0xf), kind)]);
        Ok(vec![rule(&[(0, Ne, libc::AF_UNIX)])?, kind(libc::SOCK_STREAM)?, kind(libc::SOCK_SEQPACKET)?])
    }

    /// Processes of the server wake each other by SIGUSR1 and SIGURG, and until PostgreSQL 17 the checkpointer by SIGINT.
    fn signals(checkpointer: i32) -> Result<Rules, BackendError> {
        let own = std::process::id() as i32;
        let but = |signal| (1, Ne, signal);
        let others = [(0, Ne, own), but(0), but(libc::SIGUSR1), but(libc::SIGURG), but(libc::SIGINT)];
        Ok(vec![rule(&others)?, rule(&[(0, Ne, own), (0, Ne, checkpointer), (1, Eq, libc::SIGINT)])?])
    }

    fn program(checkpointer: i32) -> Result<BpfProgram, BackendError> {
        let own = std::process::id() as i32;
        let to_another = || Ok::<_, BackendError>(vec![rule(&[(0, Ne, own)])?]);
        let rules = BTreeMap::from([
            (libc::SYS_socket, sockets()?),
            (libc::SYS_kill, signals(checkpointer)?),
            (libc::SYS_tgkill, to_another()?),
            (libc::SYS_tkill, to_another()?),
            // Without rules: always.
            (libc::SYS_rt_sigqueueinfo, Rules::new()),
            (libc::SYS_rt_tgsigqueueinfo, Rules::new()),
            (libc::SYS_pidfd_send_signal, Rules::new()),
            (libc::SYS_execve, Rules::new()),
            (libc::SYS_execveat, Rules::new()),
            (libc::SYS_ptrace, Rules::new()),
            (libc::SYS_process_vm_writev, Rules::new()),
        ]);
        let denied = SeccompAction::Errno(libc::EPERM as u32);
        SeccompFilter::new(rules, SeccompAction::Allow, denied, std::env::consts::ARCH.try_into()?)?
            .try_into()
    }

    pub fn confine(checkpointer: i32) -> bool {
        program(checkpointer).is_ok_and(|program| seccompiler::apply_filter(&program).is_ok())
    }
}

/// Confines this thread for the rest of its life. The checkpointer is a process of the server. Returns whether the
/// kernel does it.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub fn confine(checkpointer: i32) -> bool {
    filter::confine(checkpointer)
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
pub fn confine(_checkpointer: i32) -> bool {
    false
}

/// The process that a replayer may have to tell that a checkpoint is due. From PostgreSQL 18 on its latch wakes it, and
/// this is the own process, as it is while there is no checkpointer.
pub fn checkpointer() -> i32 {
    let own = std::process::id() as i32;
    #[cfg(not(feature = "pg18"))]
    // SAFETY: plain reads of the server's shared memory.
    unsafe {
        let latch = (*pgrx::pg_sys::ProcGlobal).checkpointerLatch;
        if latch.is_null() { own } else { (*latch).owner_pid }
    }
    #[cfg(feature = "pg18")]
    own
}
