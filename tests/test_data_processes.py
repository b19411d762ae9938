"""Loading beside a second process, after a killed one, on a full or read-only disk, with a silent name server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_set import Server, draw

LOAD = """
import sys, time
from course_utils.data import catalogue, load, loading
import tiny_set
catalogue.SETS["happy"] = tiny_set.entry()
begin = time.perf_counter()
data = load("happy")
print(time.perf_counter() - begin)
print(data.x_train.sum() + data.x_test.sum(), file=sys.stderr)
"""
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "--net", "sh", "-ec"]
NAMESPACES = bool(shutil.which("unshare")) and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0


@pytest.fixture
def start(tmp_path):
    """Start a process that loads the small set: start(script=LOAD, shell=None, **variables); all end with the test."""
    (tmp_path / "cache").mkdir()
    started = []

    def start(script=LOAD, shell=None, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        for name in ("COURSE_DATA_DIR", "COURSE_OFFLINE", "COURSE_DATA_MIRROR"):
            kept.pop(name, None)
        paths = {"PYTHONPATH": str(Path(__file__).parent), "COURSE_CACHE_DIR": str(tmp_path / "cache")}
        command = [sys.executable, "-c", script]
        if shell:
            command = [*UNSHARE, f'{shell}\nexec "$@"', "sh", *command]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=kept | paths | variables, cwd=tmp_path, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ended(process, seed):
    """The line that was printed and the seconds that loading took; the set is whole and the one of that seed."""
    out, err = process.communicate(timeout=60)
    drawn = draw(seed)
    total = drawn["train_set_x"].sum() + drawn["test_set_x"].sum()
    assert (process.returncode, err.splitlines()[-1:]) == (0, [str(total)])
    line, seconds = out.splitlines()
    return line, float(seconds)


def test_two_processes_download_once(start):
    with Server(delay=0.3) as server:
        lines = [ended(process, seed=1)[0] for process in [start(COURSE_DATA_MIRROR=server.url) for _ in range(2)]]
    assert sorted(line.partition("pictures ")[2] for line in lines) == [
        "from the cache (verified)",
        "from the network (verified)",
    ]
    assert server.asked == ["train_happy.h5", "test_happy.h5"]


def test_process_killed_while_downloading(start, tmp_path):
    with Server("stall") as server:
        killed = start(COURSE_DATA_MIRROR=server.url)
        assert server.half_sent.wait(30)
        killed.kill()
        killed.communicate()
        server.manner = "right"
        line, _ = ended(start(COURSE_DATA_MIRROR=server.url), seed=1)
    assert line.endswith("from the network (verified)")
    assert len([*tmp_path.glob("cache/happy/*.h5")]) == 2


if os.name == "posix":

    def test_interrupted_while_downloading(start, tmp_path):
        """Ctrl-C ends at once, with Python's own KeyboardInterrupt, and leaves nothing in the cache."""
        with Server("stall") as server:
            process = start(COURSE_DATA_MIRROR=server.url)
            assert server.half_sent.wait(30)
            process.send_signal(2)
            _, err = process.communicate(timeout=4)
        assert err.rstrip().endswith("KeyboardInterrupt")
        assert [path.name for path in tmp_path.glob("cache/happy/*")] in ([], [".lock"])

    def test_full_disk_by_file_size(start, tmp_path):
        """A limit on the size of files is what a full disk looks like to the one who writes."""
        limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))" + LOAD
        line, _ = ended(start(limited, COURSE_OFFLINE="1"), seed=0)
        assert line.endswith("OFFLINE is set; not kept, as the cache cannot be written (File too large)")
        assert [*tmp_path.glob("cache/happy/*.h5")] == []


if NAMESPACES:
    FULL = "mount -t tmpfs -o size=64k tmpfs cache"

    def test_full_disk(start):
        script = LOAD + "import os\nassert set(os.listdir('cache/happy')) <= {'.lock'}"
        line, _ = ended(start(script, FULL, COURSE_OFFLINE="1"), seed=0)
        assert line.endswith("OFFLINE is set; not kept, as the cache cannot be written (No space left on device)")

    @pytest.mark.parametrize("before", ["empty", "filled"])
    def test_read_only_cache(start, before):
        if before == "filled":
            ended(start(COURSE_OFFLINE="1"), seed=0)
        line, _ = ended(
            start(LOAD, "mount --bind cache cache; mount -o remount,ro,bind cache", COURSE_OFFLINE="1"), seed=0
        )
        note = "" if before == "filled" else "; not kept, as the cache cannot be written (Read-only file system)"
        assert line.endswith(f"because COURSE_OFFLINE is set{note}")

    def test_silent_name_server(start, tmp_path):
        """The machine asks a name server that never answers: two seconds, and the pictures are there."""
        (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        listen = """
import fcntl, socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(server, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP: the namespace's own loopback
server.bind(("127.0.0.1", 53))
"""
        line, seconds = ended(start(listen + LOAD, "mount --bind resolv.conf /etc/resolv.conf"), seed=0)
        assert line.endswith("because there is no network")
        assert seconds < 2
