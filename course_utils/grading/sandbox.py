"""Isolation by the Linux kernel: a forked process in namespaces of its own that sees nothing but what it needs.

A forked child keeps the libraries that its parent has imported, which a program started afresh would have to import
again; so bubblewrap, which starts programs, cannot be used, and its steps are taken here (namespaces(7),
pivot_root(2), capabilities(7), seccomp(2)).
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
import sys
import sysconfig
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1]
# Nothing of these is to be read inside: how answers are judged and graded, and answers of the course's and Keras' own.
HIDDEN = [PACKAGE / "grading", PACKAGE / "exercises", PACKAGE / "check" / "judge", PACKAGE / "networks"]
HIDDEN += [Path(sysconfig.get_path("purelib"), "keras", "src", "applications").resolve()]
DEVICES = ["null", "zero", "full", "random", "urandom"]
NOBODY = 65534


class Limits(NamedTuple):
    """What a submission may use of the machine."""

    seconds: float = 30.0  # on the wall, without those in which it waits for a processor
    cpu_seconds: int = 60  # of all its threads together
    memory: int = 2 << 30  # bytes on top of what the libraries take
    threads: int = 512
    files: int = 128  # open at a time
    disk: int = 64 << 20  # bytes of its /tmp, and of a single file
    answer: int = 64 << 20  # bytes of evidence


class Ending(NamedTuple):
    """How a run ended. status: "ended", "timeout", "out-of-memory" or "crashed"; peak: bytes of memory at the most."""

    status: str
    seconds: float
    peak: int
    words: str = ""


class NoIsolation(Exception):
    """This machine does not allow it; the text says which step it refused."""


def run(function, limits, keep=(), isolated=True):
    """Call `function` in a child that is locked in; returns the Ending. The caller has one thread.

    keep: descriptors that stay open inside. The function's value and exceptions are lost: it speaks through `keep`.
    Whatever it started has ended when this returns. isolated: False leaves nothing but the limits of time and memory,
    for machines whose kernel does not isolate. Raises NoIsolation.
    """
    started = time.monotonic()
    ours, theirs = socket.socketpair()
    supervisor = os.fork()
    if not supervisor:
        try:
            ours.close()
            _supervise(function, limits, keep, theirs, isolated)
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        told = ours.recv(1)
        if told == UNSHARED:
            told = _name_users(supervisor)
            if told:
                ours.shutdown(socket.SHUT_WR)
            else:
                ours.send(b".")
        told = (told + b"".join(iter(lambda: ours.recv(1000), b""))).decode()
    os.waitpid(supervisor, 0)
    kind, _, told = told.partition("\t")
    if kind == "refused" or not kind:
        raise NoIsolation(told or "its supervisor ended")
    peak, words = told.split("\t")
    return Ending(kind, time.monotonic() - started, int(peak), words)


UNSHARED = b"u"


def _name_users(supervisor):
    """Say who is who in its user namespace: an ordinary user is himself; under root, all but set-up is nobody's.

    Returns nothing, or what the supervisor would say if it were refused.
    """
    try:
        _write_maps(supervisor)
    except OSError as error:
        return f"refused\t{error.strerror} (uid_map)".encode()
    return b""


def _write_maps(supervisor):
    for kind, own in ("uid", os.geteuid()), ("gid", os.getegid()):
        if os.geteuid() != 0 and kind == "gid":
            Path(f"/proc/{supervisor}/setgroups").write_text("deny")
        users = [own] if os.geteuid() else [0, NOBODY] if _known(NOBODY, kind) else [0]
        Path(f"/proc/{supervisor}/{kind}_map").write_text("".join(f"{user} {user} 1\n" for user in users))


def _known(user, kind):
    """Is there such a user here? In a container's user namespace there may be one only."""
    lines = Path(f"/proc/self/{kind}_map").read_text().splitlines()
    return any(0 <= user - int(first) < int(count) for first, _, count in map(str.split, lines))


def problem():
    """Why nothing can be isolated here, or None. Tries it."""
    if sys.platform != "linux":
        return "it needs Linux"
    if _call_numbers() is None:
        return f"it does not know the system calls of {platform.machine()}"
    try:
        ending = run(lambda: None, Limits(seconds=10))
    except NoIsolation as error:
        return str(error)
    return None if ending.status == "ended" else f"a trial {ending.status} {ending.words}".strip()


# --- In the supervisor: outside the sandbox's process namespace, inside all the others ---------------------------


def _supervise(function, limits, keep, parent, isolated):
    """Lock a child in, wait for it, and tell the parent how it ended."""
    taken = _taken()
    processes = os.open("/proc", os.O_RDONLY) if sys.platform == "linux" else None
    try:
        if isolated:
            die_with_parent()
            _enter_namespaces(limits, parent)
    except OSError as error:
        parent.send(f"refused\t{error.strerror} ({error.filename or 'system call'})".encode())
        return
    child = os.fork()
    if not child:
        code = OTHER
        try:
            if isolated:
                die_with_parent()
            os.setsid()  # what it starts is ended together, and shares, on most kernels, one share of the processor
            _close_all_but(keep)
            _limit(limits, *taken)
            if isolated:
                _lock_down()
            function()
            code = 0
        except MemoryError:
            code = OUT_OF_MEMORY
        finally:
            os._exit(code)
    for descriptor in keep:  # so that whoever reads them sees the end when the child has ended
        os.close(descriptor)
    ended = _wait(child, limits.seconds, processes)
    if not ended[0] and isolated:
        os.kill(child, signal.SIGKILL)  # the first process of its namespace: whatever it started dies with it
    elif not isolated:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    _, status, usage = ended if ended[0] else os.wait4(child, 0)
    kind, words = _ending(status) if ended[0] else ("timeout", "")
    parent.send(f"{kind}\t{usage.ru_maxrss * 1024}\t{words}".encode())


OUT_OF_MEMORY, OTHER = 71, 72


def _wait(child, seconds, processes):
    """What wait4 tells of the child when it has ended, or at last when its seconds are over.

    What else the machine does takes no marks: a second in which the child waits for a processor is none of its own. At
    most ten times its seconds: what it starts where nothing isolates can keep it waiting.
    """
    end = time.monotonic() + seconds
    while not (ended := os.wait4(child, os.WNOHANG))[0]:
        if (late := time.monotonic() - end) > 0 and late > min(_waited(child, processes), 9 * seconds):
            break
        time.sleep(0.01)
    return ended


def _waited(child, processes):
    """Seconds for which the child's threads have waited for a processor, most of them at the same time: the longest.

    processes: a descriptor of Linux's /proc, or None: then nothing is known.
    """
    try:
        os.fchdir(processes)
        return max(int(path.read_text().split()[1]) for path in Path(f"{child}/task").glob("*/schedstat")) / 1e9
    except (TypeError, OSError, ValueError):  # no Linux; a thread that has just ended; a kernel that does not count
        return 0


def _ending(status):
    """(status, words) from what wait tells."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU or code == -signal.SIGKILL:
        return "timeout", "out of CPU time"
    if code == OUT_OF_MEMORY:
        return "out-of-memory", ""
    return ("ended", "") if code >= 0 else ("crashed", signal.Signals(-code).name)


LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEW = {"mount": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000}
CLONE_NEW |= {"net": 0x40000000}
MS_REC, MS_BIND, MS_PRIVATE, MS_NOSUID, MS_NODEV, MS_RDONLY = 0x4000, 0x1000, 0x40000, 2, 4, 1
MNT_DETACH, ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 2, 1, 2, 4
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 24, 38, 22
MOUNT_SETATTR, PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}  # the first is the same everywhere


def _checked(result, what):
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _prctl(option, value=0, what="prctl"):
    _checked(LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0), what)


def _mount(source, target, kind=None, flags=0, options=None):
    words = (str(word).encode() if word is not None else None for word in (source, target, kind))
    options = options.encode() if options else None
    _checked(LIBC.mount(*words, ctypes.c_ulong(flags), options), f"mount {target}")


def die_with_parent():
    """The kernel kills this process when the one that forked it has ended, however that came."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _enter_namespaces(limits, parent):
    """New user, mount, pid, net, ipc and uts namespaces; a root of our own with nothing in it but `_visible`."""
    _checked(LIBC.unshare(sum(CLONE_NEW.values())), "unshare")
    parent.send(UNSHARED)
    if not parent.recv(1):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), "uid_map")

    _mount(None, "/", flags=MS_REC | MS_PRIVATE)
    root = str(PACKAGE / "grading")  # any folder does
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    os.makedirs(f"{root}/tmp")
    _mount("tmpfs", f"{root}/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"size={limits.disk},nr_inodes=4k,mode=1777")
    for path in _visible():  # which may lie in /tmp
        _bind(path, root + path)
    for path in sorted(_python()):  # Python goes on looking where it was told that it lies, which may be a link
        if path != os.path.realpath(path) and not os.path.lexists(root + path):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            os.symlink(os.path.realpath(path), root + path)
    for path in HIDDEN:
        if os.path.isdir(f"{root}{path}"):
            _mount("tmpfs", f"{root}{path}", "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k")
    os.makedirs(f"{root}/dev")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{root}/dev/{name}", device=True)
    for link in "bin", "lib", "lib64", "sbin":  # links to folders of /usr, where they are links
        if os.path.islink(f"/{link}"):
            os.symlink(os.readlink(f"/{link}"), f"{root}/{link}")
    os.makedirs(f"{root}/proc/self")  # of /proc, TensorFlow wants to know its program's name, and nothing else
    os.symlink("/notebook", f"{root}/proc/self/exe")
    os.chdir(root)
    _checked(LIBC.syscall(PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _checked(LIBC.umount2(b".", MNT_DETACH), "umount")
    _set_read_only(b"/")
    os.chdir("/tmp")


def _python():
    return {sys.prefix, sys.base_prefix, *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))}


def _visible():
    """The files and folders that Python, its libraries and notebooks may still want to read."""
    wanted = ["/usr", "/etc/ld.so.cache", "/etc/localtime", str(PACKAGE), *map(os.path.realpath, _python())]
    wanted += [f"/{name}" for name in ("bin", "lib", "lib64", "sbin") if not os.path.islink(f"/{name}")]
    found = sorted(path for path in {*wanted} if os.path.exists(path))
    return [path for path in found if not any(path.startswith(f"{other}/") for other in found)]


def _bind(source, target, device=False):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    _mount(source, target, flags=MS_BIND)
    _set_read_only(os.fsencode(target), device)


def _set_read_only(path, device=False):
    attributes = struct.pack("QQQQ", ATTR_RDONLY | ATTR_NOSUID | (0 if device else ATTR_NODEV), 0, 0, 0)
    result = LIBC.syscall(MOUNT_SETATTR, -100, path, 0, attributes, ctypes.c_size_t(len(attributes)))
    _checked(result, f"mount_setattr {path.decode()}")


# --- In the sandbox, before anything of a student's runs ----------------------------------------------------------


def _close_all_but(keep):
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    kept = sorted({0, 1, 2, *keep})
    for before, after in zip(kept, [*kept[1:], 1 << 16], strict=True):
        os.closerange(before + 1, after)


def _limit(limits, addresses, data):
    """The kernel's limits for this process, which it can only lower. addresses, data: bytes of those it has now."""
    values = {
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_DATA": data + limits.memory,
        "RLIMIT_AS": addresses + MORE_ADDRESSES + limits.memory,  # what is mapped as shared is no data
        "RLIMIT_NPROC": limits.threads,
        "RLIMIT_NOFILE": limits.files,
        "RLIMIT_FSIZE": limits.disk,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, value in values.items():
        if hasattr(resource, name):
            resource.setrlimit(getattr(resource, name), (value, value))


MORE_ADDRESSES = 1 << 30  # bytes that the libraries' threads claim, most of them never used


def _taken():
    """The bytes of addresses that this process has claimed, and those of them that are its own to write."""
    try:
        pages = list(map(int, Path("/proc/self/statm").read_text().split()))
    except OSError:  # no Linux
        return 8 << 30, 8 << 30
    return pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize()


def _lock_down():
    """No capabilities, no new privileges, no other processes."""
    LIBC.sethostname(b"sandbox", 7)
    if os.geteuid() == 0:
        with suppress(OSError):  # where there is no nobody, root is an ordinary user of the machine outside
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        die_with_parent()  # a change of user forgets it
    for capability in range(64):
        with suppress(OSError):
            _prctl(PR_CAPBSET_DROP, capability)
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _checked(LIBC.capset(header, nothing), "capset")
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _filter_calls()


# System calls by number: x86_64, aarch64 (None where there is no such call).
REFUSED = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "io_uring_setup": (425, 425),
    "open_by_handle_at": (304, 265),
}
CLONE, CLONE3, PRCTL, SOCKET = (56, 220), (435, 435), (157, 167), (41, 198)
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE_THREAD = 0x10000


def _call_numbers():
    """Which column of the tables above holds this machine's numbers, or None."""
    return {"x86_64": 0, "aarch64": 1}.get(platform.machine())


def _filter_calls():
    """A seccomp filter in classic BPF: threads may be made, processes may not; what `REFUSED` names is refused.

    Nothing that the filter is asked about can be undone, so a student's code cannot take it off again.
    """
    column = _call_numbers()
    load, jump_equal, jump_set, give = 0x20, 0x15, 0x45, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM
    code = []

    def step(operation, value, yes=0, no=0):
        code.append(struct.pack("HBBI", operation, yes, no, value))

    step(load, 4)  # the architecture
    step(jump_equal, AUDIT_ARCH[platform.machine()], 1, 0)
    step(give, kill)
    step(load, 0)  # the number of the call
    if column == 0:  # numbers of the x32 calls, which are the same calls once more
        step(jump_set, 0x40000000, 0, 1)
        step(give, kill)
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            step(jump_equal, numbers[column], 0, 1)
            step(give, refuse)
    step(jump_equal, CLONE3[column], 0, 1)  # its flags cannot be read here; libc goes on with clone
    step(give, 0x50000 | errno.ENOSYS)
    step(jump_equal, PRCTL[column], 0, 4)
    step(load, 16)  # its first argument
    step(jump_equal, PR_SET_PDEATHSIG, 0, 1)
    step(give, refuse)
    step(give, allow)
    step(jump_equal, SOCKET[column], 0, 6)  # a network namespace does not hold all families, such as AF_VSOCK
    step(load, 16)  # its family
    for position, family in enumerate((socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)):
        step(jump_equal, family, 3 - position, 0)
    step(give, 0x50000 | errno.EAFNOSUPPORT)
    step(give, allow)
    step(jump_equal, CLONE[column], 0, 3)
    step(load, 16)  # its flags
    step(jump_set, CLONE_THREAD, 1, 0)
    step(give, refuse)
    step(give, allow)
    text = ctypes.create_string_buffer(b"".join(code))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
    _checked(LIBC.prctl(PR_SET_SECCOMP, ctypes.c_ulong(2), program, 0, 0), "seccomp")
