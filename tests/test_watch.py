"""What `make test` runs under: it sees what a run takes and leaves, and ends what goes on."""

import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from course_utils.files import ROOT

LEAVES = "import subprocess; subprocess.Popen(['sleep', '{}'], start_new_session=True)"


def command(code, *words):
    watch = [sys.executable, str(ROOT / "tests" / "watch.py"), "--name", "this", "--grace", "0.5", *words]
    return [*watch, "--", sys.executable, "-c", code]


def watched(code, *words, **more):
    return subprocess.run(command(code, *words), capture_output=True, text=True, timeout=60, check=False, **more)


def running(*words):
    found = (process.info["cmdline"] for process in psutil.process_iter(["cmdline"]))
    return [found for found in found if found == [*words]]


def test_it_says_what_was_taken_and_passes_on_the_code():
    run = watched("import sys, time; x = bytearray(300 << 20); time.sleep(3); sys.exit(3)")
    assert run.returncode == 3
    assert re.search(r"^this: 0\.. minutes, 0\.[34] GiB of memory at the peak, 0\.[34] GiB in the largest", run.stdout)


@pytest.mark.parametrize(
    ("code", "words", "fault"),
    [
        ("import time; x = bytearray(300 << 20); time.sleep(3)", ["--each", "0.1"], "one process took 0.3 GiB"),
        ("import time; x = bytearray(300 << 20); time.sleep(3)", ["--together", "0.1"], "it took 0.3 GiB of memory"),
        ("import tempfile; tempfile.mkdtemp(prefix='forgotten')", [], "a temporary file was left: forgotten"),
        (LEAVES.format(4321), [], "a process was left running: sleep 4321"),
    ],
    ids=["one process", "all processes", "file", "process"],
)
def test_what_is_too_much_or_left_behind_is_a_failure(code, words, fault):
    run = watched(code, *words)
    assert run.returncode == 1
    assert f"this: {fault}" in run.stdout
    assert not running("sleep", "4321")


def test_a_run_that_is_in_order_passes():
    run = watched("print('done')")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("this:") == 1


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent to a process only on POSIX")
def test_ctrl_c_leaves_nothing_running_and_no_file(tmp_path):
    seconds = str(10**6 + os.getpid())  # nobody else sleeps so long
    code = f"{LEAVES.format(seconds)}; import time; time.sleep(100)"
    process = subprocess.Popen(
        command(code), env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not running("sleep", seconds) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert not running("sleep", seconds)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no /dev/shm here")
def test_without_shared_memory_or_room_there_is_one_sentence(tmp_path):
    rights = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    for mount, said in (
        ("-o ro none /dev/shm", "this: processes cannot share a lock here"),
        (f"-o size=1m none '{tmp_path}'", f"this: {tmp_path} has 0.0 GiB left"),
    ):
        script = f'mount -t tmpfs {mount} && TMPDIR={tmp_path} exec "$@"'
        run = subprocess.run(
            ["unshare", *rights, "sh", "-c", script, "sh", *command("print('begun')")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 1
        assert run.stderr.startswith(said), run
        assert run.stderr.count("\n") == 1
        assert "begun" not in run.stdout
