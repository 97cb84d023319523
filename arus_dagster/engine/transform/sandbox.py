"""Takes away from the worker what a script has no need of.

Owns the limits and the layers of isolation: resource limits, death with the parent, namespaces
without network, Landlock (no files but the standard library), seccomp (no sockets, no new
processes, no signals to others). Each layer is tried by itself; what a kernel lacks is reported,
not fatal. Standard library alone: the worker imports it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from errno import ENOSYS, EPERM
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CLONE_THREAD = 0x00010000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same on every machine
_LANDLOCK_READ_FILE, _LANDLOCK_READ_DIR = 1 << 2, 1 << 3

_MAX_OPEN_FILES = 64
_MAX_FILE_BYTES = 1 << 20

# Kernel numbers of what is refused, by machine, with the machine's name in seccomp's data.
_REFUSED: dict[str, tuple[int, int, int, tuple[int, ...]]] = {
    # machine: (audit name, clone, clone3, (socket, connect, bind, fork, vfork, execve, execveat,
    # ptrace, process_vm_readv and _writev, kill, tkill, tgkill, rt_sigqueueinfo,
    # rt_tgsigqueueinfo, pidfd_open, pidfd_send_signal, pidfd_getfd, mount, umount2, unshare,
    # setns, bpf, perf_event_open, keyctl, add_key, request_key, io_uring_setup))
    "x86_64": (
        0xC000003E,
        56,
        435,
        (
            *(41, 42, 49, 57, 58, 59, 322, 101, 310, 311, 62, 200, 234, 129, 297),
            *(434, 424, 438, 165, 166, 272, 308, 321, 298, 250, 248, 249, 425),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        435,
        (
            *(198, 203, 200, 221, 281, 117, 270, 271, 129, 130, 131, 138, 240),
            *(434, 424, 438, 40, 39, 97, 268, 280, 241, 219, 217, 218, 425),
        ),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _done(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def limit_resources(memory_mb: int) -> None:
    """Memory, open files, file size, core dumps and processes, for this process."""
    memory = memory_mb << 20
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def die_with(parent: int) -> None:
    """Be killed when the parent's thread that made this process ends.

    Raises:
        SystemExit: the parent is gone already.
    """
    _done(_libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        raise SystemExit(1)


def _leave_network() -> None:
    libc = _libc()
    alone = _CLONE_NEWNET | _CLONE_NEWIPC
    # Without a user namespace of one's own the others need a privilege, which root has.
    if libc.unshare(_CLONE_NEWUSER | alone) != 0:
        _done(libc.unshare(alone), "unshare")


def _readable_paths() -> Iterator[Path]:
    yield Path(os.__file__).parent
    yield Path(sys.base_prefix) / "lib"
    yield from map(Path, ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo"))
    yield from map(Path, ("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom"))


def _restrict_files() -> None:
    libc = _libc()
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        _done(-1, "landlock")
    files = (1 << 13) - 1
    for version, bit in ((2, 13), (3, 14), (5, 15)):
        if abi >= version:
            files |= 1 << bit
    # What a newer kernel can refuse besides files: TCP (4), abstract sockets and signals (6).
    rules = struct.pack("=QQQ", files, 0b11, 0b11)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = libc.syscall(_LANDLOCK_CREATE, rules, len(rules), 0)
    if ruleset < 0:
        _done(-1, "landlock_create_ruleset")
    try:
        for path in _readable_paths():
            if not path.exists():
                continue
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                folder = stat.S_ISDIR(os.fstat(handle).st_mode)
                rights = _LANDLOCK_READ_FILE | (_LANDLOCK_READ_DIR if folder else 0)
                beneath = struct.pack("=Qi", rights, handle)
                _done(libc.syscall(_LANDLOCK_ADD, ruleset, 1, beneath, 0), "landlock_add_rule")
            finally:
                os.close(handle)
        _done(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _restrict_calls() -> None:
    known = _REFUSED.get(platform.machine())
    if known is None or sys.maxsize < 2**32:
        raise OSError(ENOSYS, f"no list of system calls for {platform.machine()}")
    audit, clone, clone3, refused = known
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, absent = 0x7FFF0000, 0x00050000 | EPERM, 0x00050000 | ENOSYS
    steps = [
        (load, 0, 0, 4),  # the machine; another one's numbers mean other calls
        (equal, 1, 0, audit),
        (give, 0, 0, refuse),
        (load, 0, 0, 0),  # the call's number
        (at_least, 0, 1, 0x40000000),  # the x32 numbering of x86_64
        (give, 0, 0, refuse),
        (equal, 0, 1, clone3),  # its flags can't be seen here: libc falls back to clone
        (give, 0, 0, absent),
        (equal, 0, 4, clone),
        (load, 0, 0, 16),  # clone's flags: threads yes, processes no
        (any_bit, 0, 1, _CLONE_THREAD),
        (give, 0, 0, allow),
        (give, 0, 0, refuse),
    ]
    for number in refused:
        steps += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    steps.append((give, 0, 0, allow))
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    _done(
        _libc().prctl(
            _PR_SET_SECCOMP,
            _SECCOMP_MODE_FILTER,
            ctypes.byref(_Program(len(steps), program)),
            0,
            0,
        ),
        "seccomp",
    )


def isolate(parent: int, memory_mb: int) -> dict[str, str]:
    """Shut this process in; call it once, before any script is loaded.

    Returns:
        Each layer with ``on``, or the reason why the system has it not.
    """
    report: dict[str, str] = {}

    def layer(name: str, put_on: Callable[[], object]) -> None:
        try:
            put_on()
        except (OSError, AttributeError, ValueError) as error:
            report[name] = str(error)
        else:
            report[name] = "on"

    layer(
        "no_new_privileges", lambda: _done(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "nnp")
    )
    layer("namespaces", _leave_network)
    # After the namespaces: a change of credentials takes the death signal away.
    layer("dies_with_parent", lambda: die_with(parent))
    layer("not_dumpable", lambda: _done(_libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl"))
    layer("files", _restrict_files)
    layer("limits", lambda: limit_resources(memory_mb))
    layer("system_calls", _restrict_calls)
    return report
