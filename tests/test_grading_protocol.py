"""Evidence between two processes: what is packed comes out again, and nothing else ever does."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.grading import protocol

ARRAYS = hnp.arrays(
    st.sampled_from(["float32", "float64", "int64", "uint8", "bool"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text() | ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@given(VALUES.filter(lambda value: not isinstance(value, dict) or protocol.ARRAY not in value))
def test_what_is_packed_comes_out_again(value):
    ((name, text),) = protocol.frames(protocol.pack(value, "name"))
    assert name == "name"
    assert same(value, protocol.unpack(text))


def test_numbers_of_numpy_are_numbers():
    ((_, text),) = protocol.frames(protocol.pack([np.float32(0.5), np.int64(3), np.bool_(True)]))
    assert protocol.unpack(text) == [0.5, 3, True]


def test_other_things_are_not_packed():
    for thing in object(), {1, 2}, b"bytes":
        with pytest.raises(TypeError, match="is no evidence"):
            protocol.pack(thing)


@given(st.binary() | st.text().map(str.encode))
def test_garbage_is_refused_in_one_way(data):
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        with pytest.raises(ValueError, match=r"^no evidence: "):
            protocol.unpack(data)


@pytest.mark.parametrize(
    "array",
    [
        ["<f4", [2], "AAAA"],  # too short
        ["<f4", [-1], ""],
        ["<f4", [1 << 40, 0, 1 << 40], "AAAA"],
        ["<f4", [1.0], "AAAAAA=="],
        ["O", [1], "AAAAAAAAAAA="],
        ["V100000", [1], ""],
        ["U8", [1], ""],
        ["<f4", [1], "no base64"],
        ["<f4", [1]],
        "text",
        {"a": 1},
    ],
)
def test_arrays_that_are_none_are_refused(array):
    with pytest.raises(ValueError, match=r"^no evidence: "):
        protocol.unpack(json.dumps({protocol.ARRAY: array}))


def test_nesting_without_end_is_refused():
    with pytest.raises(ValueError, match=r"^no evidence: "):
        protocol.unpack("[" * 100_000)


@given(st.lists(st.text(), max_size=4), st.integers(0, 30))
def test_what_was_cut_off_is_left_out(values, lost):
    data = b"".join(map(protocol.pack, values))
    cut = data[: max(0, len(data) - lost)]
    found = [protocol.unpack(text) for _, text in protocol.frames(cut)]
    assert found == values[: len(found)]
    assert lost or found == values


def test_a_flood_of_frames_takes_no_time():
    """Sixteen million empty ones: each found by its place, and only so many of them."""
    started = time.monotonic()
    assert len(protocol.frames(bytes(64 << 20))) == protocol.MAX_FRAMES
    assert time.monotonic() - started < 30, "one after the other they would take minutes"


LARGE = np.random.default_rng(0).bytes(3 << 20)  # more than a socket holds


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_frame_that_arrives_in_pieces_is_read_whole(timeout):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(timeout)

        def send():
            data = protocol.frame(LARGE) + protocol.frame(b"next")
            for start in 2, 100_000, len(data):
                theirs.sendall(data[:start])
                data = data[start:]
                time.sleep(0.02)
            theirs.close()

        sender = threading.Thread(target=send)
        sender.start()
        assert protocol.read_frame(ours) == LARGE
        assert protocol.read_frame(ours) == b"next"
        assert protocol.read_frame(ours) == b""
        sender.join()


@pytest.mark.skipif(sys.platform == "win32", reason="test_grading_wire: Windows has no signals that stop a process")
def test_a_process_that_is_stopped_in_the_middle_of_a_frame_goes_on():
    """Ctrl-Z and fg, a laptop that sleeps, a debugger."""
    ours, theirs = socket.socketpair()
    code = f"import socket; from course_utils.grading import protocol; s = socket.socket(fileno={theirs.fileno()}); "
    code += "s.sendall(b'.'); print(len(protocol.read_frame(s)))"
    child = subprocess.Popen([sys.executable, "-c", code], pass_fds=[theirs.fileno()], stdout=subprocess.PIPE)
    with ours, child:
        theirs.close()
        assert ours.recv(1) == b".", "it waits for a frame"
        data = protocol.frame(LARGE)
        ours.sendall(data[: 1 << 20])
        for number in signal.SIGSTOP, signal.SIGCONT:
            time.sleep(0.05)
            child.send_signal(number)
        time.sleep(0.05)
        ours.sendall(data[1 << 20 :])
        assert child.stdout.read() == f"{len(LARGE)}\n".encode()


JUDGE = """
import signal, socket, time, types
from course_utils import check
from course_utils.grading import forkserver, protocol

def conclude(*args, **kwargs):
    {work}
    return types.SimpleNamespace(to_dict=lambda: {{"findings": []}})

check.conclude, forkserver.JUDGE_SECONDS = conclude, 0.3
ours, theirs = socket.socketpair()
ours.sendall(protocol.pack(["conv1x1", "conv1x1", 0]) + protocol.pack({{"evidence": {{}}}}))
ours.shutdown(socket.SHUT_WR)
forkserver.serve_judge(theirs)
print(protocol.unpack(protocol.read_frame(ours)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="test_grading_protocol: Windows cannot grade")
@pytest.mark.parametrize(
    ("work", "told"), [("while True: pass", ""), ("time.sleep(1)", "{'findings': []}")], ids=["never ends", "waits"]
)
def test_a_judge_is_ended_by_the_processors_time_and_not_by_the_clock(work, told):
    command = [sys.executable, "-c", JUDGE.format(work=work)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == (0 if told else -signal.SIGPROF), done.stderr
    assert done.stdout.strip() == told
