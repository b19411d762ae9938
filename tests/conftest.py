"""What all tests have in common: their names, their order, and that each file leaves the process as it found it."""

import ctypes
import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import cache

import psutil
import pytest
import tqdm
from hypothesis import HealthCheck, settings

# A shell that starts something in the background has it ignore Ctrl-C. Tests press it, and look at what happens.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# TensorFlow keeps the memory of large tensors in a pool that grows and is never given back, so that a process holds
# what the largest of a thousand networks took, several times over. The system's own allocator gives it back.
os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
tqdm.tqdm.monitor_interval = 0  # a thread that never ends

# How long an example takes says how busy the machine is.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")

# Files of which a single test, or what it shares with others, takes long: begun first, so that no worker waits at
# the end for the one that has them.
LONG = ("test_grading", "test_lab", "test_release", "test_carries_on", "test_submit", "test_check_", "test_networks")


def pytest_make_parametrize_id(config, val, argname):
    """Short and readable names, that depend on nothing but what stands in the test."""
    if isinstance(val, bytes):
        return argname
    if isinstance(val, str):
        return re.sub(r"[^\w .=()<>/+-]+", " ", val, flags=re.ASCII).strip()[:24].strip() or argname
    return None


def pytest_collection_modifyitems(items):
    def place(item):
        return next((i for i, start in enumerate(LONG) if item.path.name.startswith(start)), len(LONG))

    items.sort(key=place)


def pytest_runtest_setup(item):
    if item.get_closest_marker("isolation") and why_not_isolated():
        pytest.skip(f"{item.path.stem}: submissions cannot be isolated on this machine: {why_not_isolated()}")


@cache
def why_not_isolated():
    """What the sandbox says of this machine; nothing if it works. Asked in a process of its own, since it forks."""
    code = "from course_utils.grading import sandbox; print(sandbox.problem() or '')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def pytest_runtest_logreport(report):
    """Name what failed at once: a run that is ended before its summary would lose it."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nfailed: {report.nodeid} ({report.when})", file=sys.__stderr__, flush=True)


def pytest_collection_finish():
    """What was imported stays: no collection of garbage need look at it again, so that each is fast."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """A Keras model is a circle of references: without this, networks pile up until Python looks for garbage."""
    global _held
    if THIS.memory_info().rss > _held + (100 << 20):
        gc.collect()
        _held = THIS.memory_info().rss


THIS, _held = psutil.Process(), 0  # bytes held when garbage was last collected


@pytest.fixture(autouse=True, scope="module")
def nothing_left():
    """After each file: no thread of its own goes on, and memory that nobody uses is given back."""
    before = {*threading.enumerate()}
    yield
    deadline = time.monotonic() + 10
    while (left := {*threading.enumerate()} - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    assert not left, "threads that a test has left behind"
