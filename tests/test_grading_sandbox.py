"""The sandbox, from the inside: what can be seen, reached and used there, and that nothing of it is left behind."""

import ctypes
import json
import math
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from course_utils.grading import sandbox
from course_utils.grading.sandbox import Limits

LIBC = ctypes.CDLL(None, use_errno=True)
# Python 3.12 on warns of forks beside other threads, such as those of a test runner; the child here runs no other code.
pytestmark = [
    pytest.mark.isolation,
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def told(question, limits=None, **more):
    """(what `question()` returned inside, or the name of its exception; how the run ended)."""
    read, write = os.pipe()

    def inside():
        try:
            found = question()
        except Exception as error:
            found = type(error).__name__
        os.write(write, json.dumps(found).encode())

    ending = sandbox.run(inside, limits or Limits(seconds=20), [write], **more)
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        text = pipe.read()
    return (json.loads(text) if text else None), ending


def ask(question):
    found, ending = told(question)
    assert ending.status == "ended"
    return found


def test_this_machine_can_isolate():
    assert sandbox.problem() is None


def test_files_are_those_of_python_and_nothing_else(tmp_path):
    (tmp_path / "secret").write_text("")
    package = str(sandbox.PACKAGE)

    def look():
        return {
            "root": sorted(os.listdir("/")),
            "package": sorted(os.listdir(package)),
            "hidden": {str(path): os.listdir(path) for path in sandbox.HIDDEN},
            "beside": [path for path in (tmp_path, "/home", "/var", "/etc/passwd", "/sys") if os.path.exists(path)],
            "proc": [os.listdir("/proc"), os.listdir("/proc/self")],
            "devices": sorted(os.listdir("/dev")),
            "here": [os.getcwd(), os.listdir("/tmp")],
        }

    found = ask(look)
    assert not {"home", "var", "sys", "srv", "mnt"} & set(found["root"])
    assert "check" in found["package"]
    assert set(map(tuple, found["hidden"].values())) == {()}
    assert found["beside"] == []
    assert found["proc"] == [["self"], ["exe"]]
    assert found["devices"] == sorted(sandbox.DEVICES)
    place = Path(package).parts  # a checkout may lie in /tmp itself
    assert found["here"] == ["/tmp", [place[2]] if place[1] == "tmp" else []]


@pytest.mark.parametrize("place", ["/", "/usr", sandbox.PACKAGE, "/dev", "/proc"])
def test_nothing_can_be_written_but_tmp(place):
    assert ask(Path(place, "x").touch) in ("OSError", "PermissionError")
    assert ask(lambda: Path("/tmp/x").write_text("12")) == 2


def test_whoever_it_is_it_is_not_root_and_has_no_rights():
    user, group, groups = ask(lambda: [os.getresuid(), os.getresgid(), os.getgroups()])
    expected = sandbox.NOBODY if os.geteuid() == 0 else os.geteuid()
    assert user == [expected] * 3
    assert group == [sandbox.NOBODY if os.getegid() == 0 else os.getegid()] * 3
    assert 0 not in groups
    assert ask(lambda: os.setuid(0)) in ("PermissionError", "OSError"), "to an ordinary user there is no root"
    assert ask(lambda: LIBC.prctl(39, 0, 0, 0, 0)) == 1, "no new privileges"


def call(name):
    """A question: what does this system call answer, with arguments that harm nobody?"""
    number = sandbox.REFUSED[name][sandbox._call_numbers()]

    def question():
        result = LIBC.syscall(number, 0, 0, 0, 0, 0)
        return [result, ctypes.get_errno()]

    return question


@pytest.mark.parametrize("name", [name for name, numbers in sandbox.REFUSED.items() if numbers[0] is not None])
def test_system_calls_that_lead_out_are_refused(name):
    if sandbox.REFUSED[name][sandbox._call_numbers()] is not None:
        assert ask(call(name)) == [-1, 1]


def test_threads_may_be_made_and_processes_may_not():
    def thread():
        found = []
        one = threading.Thread(target=lambda: found.append(1))
        one.start()
        one.join()
        return found

    assert ask(thread) == [1]
    assert ask(os.fork) == "PermissionError"
    assert ask(lambda: subprocess.run(["/bin/true"])) == "PermissionError"
    assert ask(lambda: os.posix_spawn("/bin/true", ["true"], {})) == "PermissionError"
    assert ask(lambda: os.execv("/bin/true", ["true"])) == "PermissionError"


def test_nobody_outside_can_be_reached():
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    assert ask(lambda: socket.create_connection(("127.0.0.1", port), timeout=2)) == "OSError"
    assert ask(lambda: socket.getaddrinfo("example.org", 80)) == "gaierror"
    assert ask(lambda: os.kill(-1, signal.SIGKILL)) == "ProcessLookupError"
    assert ask(lambda: [os.getpid(), os.getppid()]) == [1, 0]
    assert ask(lambda: os.kill(os.getppid() or 2, 0)) == "ProcessLookupError"
    assert ask(socket.gethostname) == "sandbox"
    server.close()


@pytest.mark.parametrize("family", [16, 17, 38, 40])  # netlink, packet, alg, vsock
def test_other_families_of_sockets_are_refused(family):
    assert ask(lambda: socket.socket(family, socket.SOCK_DGRAM)) == "OSError"
    assert ask(lambda: socket.socket(socket.AF_UNIX).fileno() > 2)


def test_what_is_needed_may_lie_in_tmp(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        Path(folder, "needed").write_text("yes")
        visible = [*sandbox._visible(), folder]
        monkeypatch.setattr(sandbox, "_visible", lambda: visible)
        assert ask(Path(folder, "needed").read_text) == "yes"
        assert ask(Path(folder, "x").touch) == "OSError"
        assert ask(Path("/tmp/x").touch) is None


def test_an_environment_may_be_a_link(tmp_path, monkeypatch):
    link = tmp_path / "environment"
    link.symlink_to(sys.prefix)
    monkeypatch.setattr(sys, "prefix", str(link))
    assert ask((link / "pyvenv.cfg").read_text) == Path(sys.prefix, "pyvenv.cfg").read_text()
    assert ask((link / "x").touch) == "OSError"


def test_no_descriptor_of_the_caller_is_open(tmp_path):
    with open(tmp_path / "open", "w") as file:
        os.set_inheritable(file.fileno(), True)

        def held():
            found = []
            for descriptor in range(3, 300):
                try:
                    os.fstat(descriptor)
                    found.append(descriptor)
                except OSError:
                    pass
            return found

        assert len(ask(held)) == 1, "the one to speak through"
        assert ask(lambda: os.write(file.fileno(), b"x")) == "OSError"


# Limits.


def test_time_runs_out():
    started = time.monotonic()
    assert told(lambda: time.sleep(60), Limits(seconds=0.3))[1].status == "timeout"
    assert time.monotonic() - started < 30


def spin(seconds=math.inf):
    """Take so many seconds of the processor."""
    while time.process_time() < seconds:
        pass


@pytest.mark.parametrize("isolated", [True, False])
def test_seconds_spent_waiting_for_a_processor_do_not_count(isolated):
    """On a processor that five others use, it gets a sixth of each second."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    others = [subprocess.Popen([sys.executable, "-c", "while True: 1"], start_new_session=True) for _ in range(5)]
    try:
        ending = told(lambda: spin(0.5), Limits(seconds=1), isolated=isolated)[1]
        assert ending.status == "ended"
        assert ending.seconds > 1.5
        assert told(lambda: time.sleep(60), Limits(seconds=1), isolated=isolated)[1].status == "timeout"
    finally:
        os.sched_setaffinity(0, before)
        for process in others:
            process.kill()
            process.wait()


def test_waiting_for_a_processor_has_an_end(monkeypatch):
    monkeypatch.setattr(sandbox, "_waited", lambda *_: math.inf)
    assert told(lambda: time.sleep(60), Limits(seconds=0.3))[1].status == "timeout"


def test_processor_time_runs_out():
    assert told(spin, Limits(seconds=20, cpu_seconds=1))[1].status == "timeout"


def test_memory_runs_out():
    def take():
        return len(bytearray(3 << 30))

    assert ask(take) == "MemoryError"
    assert ask(lambda: mmap.mmap(-1, 12 << 30).size()) == "OSError", "shared memory is memory, too"

    def uncaught():
        raise MemoryError

    assert sandbox.run(uncaught, Limits()).status == "out-of-memory"
    found, ending = told(lambda: len(bytearray(300 << 20)))
    inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert found < ending.peak < inherited + (1 << 30)


def test_the_disk_is_small():
    def fill():
        for number in range(100):
            Path(f"/tmp/{number}").write_bytes(bytes(1 << 20))

    assert ask(fill) == "OSError"


def test_threads_are_limited():
    def many():
        for _ in range(1000):
            threading.Thread(target=time.sleep, args=[5], daemon=True).start()

    assert told(many, Limits(seconds=20, threads=100))[0] == "RuntimeError"


def test_a_crash_has_a_name():
    assert told(lambda: ctypes.string_at(0))[1][::3] == ("crashed", "SIGSEGV")


def test_leaving_python_is_no_crash():
    assert told(lambda: os._exit(0))[0] is None
    assert told(lambda: os._exit(0))[1].status == "ended"
    assert sandbox.run(lambda: sys.exit(3), Limits()).status == "ended"


# What is left.


def test_nothing_is_left_behind():
    def mounts():
        return Path("/proc/self/mountinfo").read_text()

    def sockets():
        return sorted(os.listdir("/proc/self/fd"))

    before = mounts(), sockets()
    for question in spin, lambda: threading.Thread(target=spin).start(), os.getpid:
        told(question, Limits(seconds=0.5))
    assert (mounts(), sockets()) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def processes(marker):
    """The processes whose command line holds the marker."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state = (place / "stat").read_text().rpartition(")")[2].split()[0]
            if marker.encode() in (place / "cmdline").read_bytes() and state != "Z":
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_when_the_caller_is_killed_the_sandbox_dies_with_it():
    code = """
import time
from course_utils.grading.sandbox import Limits, run
print("begun", flush=True)
run(lambda: time.sleep(600), Limits(seconds=600))
"""
    marker = f"marker-{os.getpid()}"
    caller = subprocess.Popen([sys.executable, "-c", code, marker], stdout=subprocess.PIPE)
    assert caller.stdout.readline() == b"begun\n"
    deadline = time.monotonic() + 20
    while len(processes(marker)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(processes(marker)) == 3, "the caller, the supervisor and the one inside"
    caller.kill()
    caller.wait()
    caller.stdout.close()
    while processes(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(marker) == []


def test_an_ordinary_user_can_isolate_as_well(monkeypatch):
    """Under root, in a child that is somebody else. Root's Python may be closed to it, and stays out of sight."""
    if os.geteuid() != 0:
        assert sandbox.problem() is None
        return
    monkeypatch.setattr(sandbox, "_visible", lambda: ["/usr"])
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setresgid(1234, 1234, 1234)
            os.setresuid(1234, 1234, 1234)
            LIBC.prctl(4, 1, 0, 0, 0)  # its /proc is its own again, as that of a user who has logged in
            found = told(lambda: [os.getuid(), os.getpid(), sorted(os.listdir("/usr"))[:1], os.listdir("/tmp")])
            os.write(write, json.dumps([found[0], found[1].status]).encode())
        except BaseException as error:
            os.write(write, json.dumps(repr(error)).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with open(read) as pipe:
        assert json.load(pipe) == [[1234, 1, sorted(os.listdir("/usr"))[:1], []], "ended"]


def test_a_kernel_that_refuses_is_named(monkeypatch):
    monkeypatch.setattr(sandbox, "CLONE_NEW", {"nothing of the kind": 1})
    assert sandbox.problem() == "Invalid argument (unshare)"
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert sandbox.problem() == "it needs Linux"


def test_without_isolation_the_limits_of_time_and_memory_stay():
    assert told(os.getuid, isolated=False)[0] == os.getuid()
    assert told(spin, Limits(seconds=0.3), isolated=False)[1].status == "timeout"
    assert told(lambda: len(bytearray(3 << 30)), isolated=False)[0] == "MemoryError"
