"""Run a command and say what it took of the machine; fail if that is too much, or if it leaves something behind.

    python tests/watch.py --name tests --together 6 --each 3 -- python -m pytest

Memory is what the command and everything that it starts hold at the same time; pages that processes share are counted
once. Left behind would be a process, a temporary file, a mount, or a file in the checkout that Git does not know.
Whatever ends this run, Ctrl-C too, no process that it started goes on.
"""

import argparse
import contextlib
import ctypes
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
FREE_DISK = 2  # GiB, for temporary files
EVERY = 2  # seconds between two looks: at each, Linux counts every page of every process
# What is no fault of a test: what pytest keeps of one that failed; where TensorFlow compiles code that it writes.
KEPT = "pytest-of-", "__pycache__"
SET_CHILD_SUBREAPER = 36  # prctl(2): a process whose parent has ended becomes a child of this one


def main():
    """Exit with the command's own code, or with 1 if it is good and the machine was not left in order."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--name", default="the command")
    parser.add_argument("--together", type=float, default=6, help="GiB, all processes at one time")
    parser.add_argument("--each", type=float, default=3, help="GiB, any one process")
    parser.add_argument("--grace", type=float, default=10, help="seconds for what was started to end by itself")
    parser.add_argument("--kernels", action="store_true", help="they are killed, so temporary files of theirs may stay")
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    problem = unfit()
    if problem:
        sys.exit(f"{asked.name}: {problem}")
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, signal.default_int_handler)

    began, mounts, files = time.monotonic(), mounted(), unknown_to_git()
    temporary = Path(tempfile.mkdtemp(prefix="course-test-")).resolve()
    used, process = Memory(), None
    try:
        process = subprocess.Popen(asked.command, env=os.environ | {"TMPDIR": str(temporary)})
        while process.poll() is None:
            used.look()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(EVERY)
        code, left = process.returncode, end(processes(), asked.grace)
    except KeyboardInterrupt:
        if process:
            process.send_signal(signal.SIGINT)
        end(processes(), asked.grace)
        shutil.rmtree(temporary, ignore_errors=True)
        sys.exit(130)

    faults = [f"a process was left running: {words}" for words in left]
    files_left = [path.name for path in temporary.iterdir() if not path.name.startswith(KEPT)]
    faults += [f"a temporary file was left: {name}" for name in files_left if not asked.kernels]
    faults += [f"a mount was left: {path}" for path in sorted(mounted() - mounts)]
    faults += [f"a file was left in the checkout: {path}" for path in sorted(unknown_to_git() - files)]
    if used.together > asked.together:
        faults.append(f"it took {used.together:.1f} GiB of memory, more than {asked.together:g}")
    if used.each > asked.each:
        faults.append(f"one process took {used.each:.1f} GiB of memory, more than {asked.each:g}: {used.largest}")
    minutes = (time.monotonic() - began) / 60
    print(
        f"{asked.name}: {minutes:.1f} minutes, {used.together:.1f} GiB of memory at the peak, "
        f"{used.each:.1f} GiB in the largest process"
    )
    for fault in faults:
        print(f"{asked.name}: {fault}")
    if code and shutil.disk_usage(temporary).free < 50 << 20:
        print(f"{asked.name}: the disk with {temporary.parent} is full: make room and run it again")
    if code and any(temporary.iterdir()):
        print(f"{asked.name}: temporary files of what failed are kept in {temporary}")
    else:
        shutil.rmtree(temporary, ignore_errors=True)
    sys.exit(code or bool(faults))


def unfit():
    """What this machine lacks, in one sentence, or None."""
    place = tempfile.gettempdir()
    free = shutil.disk_usage(place).free / 2**30
    if free < FREE_DISK:
        return (
            f"{place} has {free:.1f} GiB left and the tests need {FREE_DISK}: make room, or set TMPDIR to another disk"
        )
    try:
        multiprocessing.Lock()
    except (OSError, ImportError) as error:
        return f"processes cannot share a lock here ({error}): on Linux that needs a /dev/shm that can be written"
    return None


class Memory:
    """The most that was held, in GiB: by all processes together, and by each (its command line: `largest`)."""

    def __init__(self):
        self.together = self.each = 0.0
        self.largest = ""

    def look(self):
        """Look at all processes once."""
        held = {process: held_by(process) for process in processes()}
        self.together = max(self.together, sum(held.values()))
        process = max(held, key=held.get, default=None)
        if process and held[process] > self.each:
            self.each, self.largest = held[process], words(process)


def held_by(process):
    """GiB of memory of a process, its part of what it shares with others included."""
    try:
        try:
            about = process.memory_full_info()
            return getattr(about, "pss", about.uss) / 2**30
        except psutil.AccessDenied:  # of a process of another user, in a sandbox
            about = process.memory_info()
            return (about.rss - getattr(about, "shared", 0)) / 2**30
    except psutil.Error:
        return 0.0


def processes():
    """All that the command has started, and that is still there."""
    return [process for process in psutil.Process().children(recursive=True) if alive(process)]


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def words(process):
    try:
        return " ".join(process.cmdline())[:150] or process.name()
    except psutil.Error:
        return "?"


def end(started, seconds):
    """Wait for processes to end, then kill those that do not: their command lines."""
    _, left = psutil.wait_procs([process for process in started if alive(process)], timeout=seconds)
    told = [words(process) for process in left if alive(process)]
    for process in {*left, *processes()}:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(left, timeout=seconds)
    return told


def mounted():
    """Where something is mounted in the checkout or among temporary files."""
    ours = str(ROOT), tempfile.gettempdir()
    found = (partition.mountpoint for partition in psutil.disk_partitions(all=True))
    return {place for place in found if place.startswith(ours)}


def unknown_to_git():
    """Files in the checkout that Git neither tracks nor ignores; none where there is no Git."""
    command = ["git", "-C", str(ROOT), "ls-files", "--others", "--exclude-standard"]
    try:
        return {*subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()}
    except (OSError, subprocess.CalledProcessError):
        return set()


if __name__ == "__main__":
    main()
