"""Loading, from each source, of what is right and of what is not."""

import os
import random
import re
import socket
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import h5py
import nbclient
import nbformat
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_set import COUNTS, NAMES, Server, arrays, draw, entry, h5, published

from course_utils.data import cache, catalogue, formats, load, network
from course_utils.data.cli import data as cli
from course_utils.errors import CourseError
from course_utils.files import ROOT

REAL = dict(catalogue.SETS)
TRAIN, TEST = NAMES
VARIABLES = ("COURSE_DATA_DIR", "COURSE_OFFLINE", "COURSE_DATA_MIRROR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The small set, a cache of its own, a network that nothing is remembered about; the folder for one's own files."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(catalogue.SETS, "happy", entry())
    monkeypatch.setattr(network, "_failed", {})
    (tmp_path / "own" / "happy").mkdir(parents=True)
    return tmp_path / "own"


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")


@pytest.fixture
def served(monkeypatch):
    with Server() as server:
        monkeypatch.setenv("COURSE_DATA_MIRROR", server.url)
        yield server


def fill(folder, **names):
    """Write the published files to a folder, or other bytes: train=b"...", test=None for none."""
    for name, content in published().items():
        content = names.get(name.partition("_")[0], content)
        if content is not None:
            (folder / name).write_bytes(content)


def kept():
    return sorted(path.name for path in cache.folder().rglob("*.*") if path.is_file() and path.name != ".lock")


def line(capsys):
    """The one line that was printed."""
    (printed,) = capsys.readouterr().out.splitlines()
    assert os.sep * 2 not in printed
    assert not re.search(r"(^|[ (])([/\\]|[A-Z]:)", printed), "an absolute path in what ends in a notebook"
    return printed


def assert_equal(loaded, seed):
    """The loaded set is the one that `draw(seed)` made, with the promised types."""
    drawn = draw(seed)
    for part, count in COUNTS.items():
        x, y = getattr(loaded, f"x_{part}"), getattr(loaded, f"y_{part}")
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((count, 64, 64, 3), np.uint8, (count,), np.int64)
        np.testing.assert_array_equal(x, drawn[f"{part}_set_x"])
        np.testing.assert_array_equal(y, drawn[f"{part}_set_y"])
    assert loaded.class_names == ("not happy", "happy")


# The folder in COURSE_DATA_DIR


@pytest.mark.parametrize("inside", ["happy", "."])
def test_folder(place, monkeypatch, capsys, inside):
    fill(place / inside)
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    loaded = load("happy")
    assert_equal(loaded, seed=1)
    assert (loaded.source.kind, loaded.source.verified) == ("folder", True)
    assert loaded.source.paths == tuple(place / inside / name for name in NAMES)
    assert line(capsys) == "happy: 40 training and 20 test pictures from COURSE_DATA_DIR (verified)"
    assert not cache.folder().exists()


def test_folder_with_a_copy(place, monkeypatch, capsys):
    copy = place / "happy" / "train_happy_reconstructed.h5"
    copy.write_bytes(h5(arrays("train", seed=2) | {"near_exact": np.ones(40, bool)}))
    fill(place / "happy", train=None)
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    loaded = load("happy")
    assert line(capsys).endswith("from COURSE_DATA_DIR (unverified copy)")
    assert (loaded.source.paths[0], loaded.source.verified) == (copy, False)
    np.testing.assert_array_equal(loaded.x_train, draw(2)["train_set_x"])

    fill(place, test=None)  # the official name wins, even outside the subfolder
    assert load("happy").source.verified


def test_folder_with_half_a_set_is_refused(place, monkeypatch):
    fill(place, train=None)
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    with pytest.raises(CourseError, match=r"has test_happy\.h5 without train_happy\.h5"):
        load("happy")


def test_folder_without_the_set(place, monkeypatch, capsys, offline):
    for folder in (place, place / "nowhere"):
        monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
        assert load("happy").source.kind == "embedded"
        assert line(capsys).endswith("because COURSE_OFFLINE is set; COURSE_DATA_DIR has no happy")


def without(key, **changed):
    content = arrays("train") | changed
    content.pop(key, None)
    return h5(content)


X, Y = "train_set_x", "train_set_y"
WHOLE = published()[TRAIN]
BAD_FILES = {
    "is a web page": b"\xef\xbb\xbf  <!doctype html><html></html>",
    "is a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7379760\n",
    "is damaged or cut short": WHOLE[: len(WHOLE) // 2],
    "damaged or cut short: get it again": b"",
    "has no train_set_y:": without(Y),
    "has no train_set_x and no train_set_y": h5({"list_classes": np.arange(2), "pictures": np.zeros(3)}),
    "has no list_classes": without("list_classes"),
    r"of shape \(40, 32, 32, 3\) and type uint8, where \(40, 64, 64, 3\)": without("", **{X: draw()[X][:, :32, :32]}),
    r"of shape \(39, 64, 64, 3\)": without("", **{X: draw()[X][:39], Y: draw()[Y][:39]}),
    "and type float32": without("", **{X: draw()[X].astype(np.float32)}),
    "train_set_y of shape .* whole numbers": without("", **{Y: draw()[Y].astype(float)}),
    r"train_set_y of shape \(2, 20\)": without("", **{Y: draw()[Y].reshape(2, 20)}),
    r"train_set_y of shape \(\)": without("", **{Y: 1}),
    "labels outside 0 to 1": without("", **{Y: draw()[Y] + 1}),
    "labels outside 0 to 1: it": without("", **{Y: draw()[Y] - 1}),
    "lists other classes": without("", list_classes=np.arange(6)),
    r"is really test_happy\.h5 under another name": published()[TEST],
    "is really test_happy": h5(dict(zip(arrays("train"), arrays("test").values(), strict=True))),
}


@pytest.mark.parametrize("sentence", BAD_FILES)
def test_bad_file_is_refused_in_one_sentence(place, monkeypatch, sentence):
    fill(place, train=BAD_FILES[sentence])
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    with pytest.raises(CourseError, match=r"^train_happy\.h5 .*" + sentence) as caught:
        load("happy")
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))

    result = CliRunner().invoke(cli, ["verify", "happy"])
    assert isinstance(result.exception, CourseError)
    assert re.search(sentence, result.output)
    result = CliRunner().invoke(cli, ["add", "happy", str(place)])
    assert re.search(sentence, str(result.exception))
    assert kept() == []


@pytest.mark.parametrize(
    "name",
    [
        *("train_happy (1).h5", "train_happy(2).h5", "train_happy copy.h5", "train_happy - Copy.h5"),
        *(
            "train_happy - Copy (2).h5",
            "train_happy-copy2.h5",
            "Copy of train_happy.h5",
            "train_happy_reconstructed (1).h5",
        ),
    ],
)
def test_a_second_download_is_found_by_its_name(place, monkeypatch, name):
    fill(place)
    (place / TRAIN).rename(place / name)
    (place / "train_happy_notes.h5").write_bytes(b"mine")
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    loaded = load("happy")
    assert_equal(loaded, seed=1)
    assert (loaded.source.paths[0].name, loaded.source.verified) == (name, True)
    fill(place)
    assert load("happy").source.paths[0].name == TRAIN, "the official name wins"


def test_train_and_test_swapped(place, monkeypatch):
    fill(place, train=published()[TEST], test=published()[TRAIN])
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    with pytest.raises(CourseError, match=r"^train_happy\.h5 is really test_happy\.h5 under another name: put train_"):
        load("happy")


@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_labels_in_a_row_or_a_column(place, monkeypatch, shape):
    fill(place, train=without("", **{Y: draw(1)[Y].reshape(shape)}))
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    assert_equal(load("happy"), seed=1)


@pytest.mark.parametrize("mode", ["r", "r+", "a"])
def test_a_file_that_is_still_open_elsewhere(place, monkeypatch, mode):
    fill(place)
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    with h5py.File(place / TRAIN, mode) as store:
        assert store[X].shape[0] == 40
        assert_equal(load("happy"), seed=1)


def test_npz(monkeypatch, place):
    spec = catalogue.find("mnist")
    monkeypatch.setitem(spec.counts, "x_train", 30)
    monkeypatch.setitem(spec.counts, "y_train", 30)
    monkeypatch.setitem(spec.counts, "x_test", 10)
    monkeypatch.setitem(spec.counts, "y_test", 10)
    rng = np.random.default_rng(0)
    stored = {f"x_{part}": rng.integers(0, 256, (n, 28, 28), np.uint8) for part, n in (("train", 30), ("test", 10))}
    stored |= {f"y_{part}": np.arange(n, dtype=np.uint8) % 10 for part, n in (("train", 30), ("test", 10))}
    (place / "mnist").mkdir()
    np.savez(place / "mnist" / "mnist.npz", **stored)
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    loaded = load("mnist")
    for field, array in stored.items():
        np.testing.assert_array_equal(getattr(loaded, field), array)
    assert loaded.y_test.dtype == np.int64

    for broken in (b"PK\3\4 and then nothing", (place / "mnist" / "mnist.npz").read_bytes()[:-500]):
        (place / "mnist" / "mnist.npz").write_bytes(broken)
        with pytest.raises(CourseError, match=r"mnist\.npz is damaged"):
            load("mnist")
    np.savez(place / "mnist" / "mnist.npz", **(stored | {"x_test": np.array([object()], dtype=object)}))
    with pytest.raises(CourseError, match=r"mnist\.npz is damaged"):
        load("mnist")


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), head=st.booleans(), cut=st.booleans())
def test_random_damage_never_gives_half_a_set(seed, head, cut):
    chosen, rng = catalogue.find("happy"), random.Random(seed)
    file = chosen.files[1]
    content = bytearray(published()[TEST])
    for _ in range(rng.randint(1, 6)):
        content[rng.randrange(4096 if head else len(content))] ^= rng.randrange(1, 256)
    if cut:
        del content[rng.randrange(len(content)) :]
    assert not formats.is_official(file, bytes(content))
    try:
        read = formats.read(chosen, file, bytes(content), TEST)
    except CourseError:
        return
    assert {field: (array.shape, array.dtype) for field, array in read.items()} == {
        "x_test": ((20, 64, 64, 3), np.uint8),
        "y_test": ((20,), np.int64),
    }
    assert set(read["y_test"]) <= {0, 1}


def test_unknown_set():
    with pytest.raises(CourseError, match="no data set 'hapy': choose one of happy, signs, mnist"):
        load("hapy")


# The network


def test_download_then_cache(served, capsys):
    loaded = load("happy")
    assert_equal(loaded, seed=1)
    assert line(capsys) == "happy: 40 training and 20 test pictures from the network (verified)"
    assert (loaded.source.kind, loaded.source.verified) == ("download", True)
    assert [path.read_bytes() for path in loaded.source.paths] == [*published().values()]
    again = load("happy")
    assert_equal(again, seed=1)
    assert line(capsys) == "happy: 40 training and 20 test pictures from the cache (verified)"
    assert again.source.paths == loaded.source.paths
    assert served.asked == [*NAMES]


REFUSALS = {
    "wrong_hash": "the download of train_happy.h5 has a wrong checksum",
    "too_long": "the download of train_happy.h5 has a wrong checksum",
    "html": "a web page came instead of train_happy.h5",
    "lfs_pointer": "a Git LFS pointer came instead of train_happy.h5",
    "truncated": "the download of train_happy.h5 broke off",
    "truncated_silently": "the download of train_happy.h5 broke off",
    "missing": "the server answered 404 Not Found for train_happy.h5",
    "stall": "the download of train_happy.h5 stalled",
    "drip": "the download of train_happy.h5 stalled",
    "silent": "COURSE_DATA_MIRROR does not answer",
}


@pytest.mark.parametrize("manner", REFUSALS)
def test_bad_download_is_refused(served, monkeypatch, capsys, manner):
    monkeypatch.setattr(network, "STALL", 0.4)
    monkeypatch.setattr(network, "FIRST_ANSWER", 1.5)
    served.manner = manner
    for _ in range(2):
        loaded = load("happy")
        assert_equal(loaded, seed=0)
        assert loaded.source.kind == "embedded"
        assert line(capsys).endswith(f"test pictures drawn by the course (embedded), because {REFUSALS[manner]}")
    assert served.asked == [TRAIN], "it was tried once, and remembered"
    assert all("-drawn-" in name for name in kept())


def test_slow_download_is_told(served, capfd):
    """Once; a bar is drawn in a terminal only."""
    served.manner = "slow"
    assert_equal(load("happy"), seed=1)
    out, err = capfd.readouterr()
    assert out == "happy: 40 training and 20 test pictures from the network (verified)\n"
    assert f"{TRAIN}: downloading 0 MB" in err.splitlines()
    assert {*err.splitlines()} <= {f"{name}: downloading 0 MB" for name in NAMES}


def test_preparing_is_told_once_and_not_where_the_source_is_said(offline, capsys):
    load("happy")
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err == "happy: the course prepares the pictures, once, which can take half a minute\n"
    load("happy")
    assert capsys.readouterr().err == ""


def test_waiting_for_another_process_is_told(offline, capsys):
    load("happy")
    capsys.readouterr()
    with cache.locked(catalogue.SETS["happy"]):
        thread = threading.Thread(target=load, args=["happy"])
        thread.start()
        while "another process" not in capsys.readouterr().err:
            assert thread.is_alive()
    thread.join()


def test_in_a_notebook_it_is_told_below_the_cell(tmp_path, monkeypatch):
    """In a real kernel: neither among the errors nor in the line about the source."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    code = """
from course_utils.data import catalogue, load
import tiny_set
catalogue.SETS["happy"] = tiny_set.entry()
data = load("happy")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    told, said = notebook.cells[0].outputs
    assert told["data"] == {"text/plain": "happy: the course prepares the pictures, once, which can take half a minute"}
    assert (said["name"], said["text"].count("\n")) == ("stdout", 1)


def test_second_file_refused(served, monkeypatch, capsys):
    right, files = served.right, iter(["right", "missing"])
    served.sometimes = lambda *args: getattr(served, next(files))(*args)
    served.manner = "sometimes"
    assert_equal(load("happy"), seed=0)
    assert "404 Not Found for test_happy.h5" in line(capsys)
    monkeypatch.setattr(network, "_failed", {})
    served.manner = right.__name__
    assert_equal(load("happy"), seed=1)
    assert served.asked == [TRAIN, TEST, TEST], "what had come well was kept"


@pytest.mark.parametrize("variable", ["COURSE_DATA_MIRROR", "HTTPS_PROXY"])
@pytest.mark.parametrize("answer", ["never", "refused"])
def test_no_answer_costs_some_seconds_once(monkeypatch, capsys, variable, answer):
    """Nobody answers: neither the one that listens and is silent, nor at a port that is closed."""
    monkeypatch.setattr(network, "FIRST_ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.setenv(variable, f"http://127.0.0.1:{listener.getsockname()[1]}")
        if answer == "refused":
            listener.close()
        begin = time.perf_counter()
        load("happy")
        assert time.perf_counter() - begin < 20, "sockets by themselves wait for minutes"
        why = {
            ("COURSE_DATA_MIRROR", "never"): "COURSE_DATA_MIRROR does not answer",
            ("COURSE_DATA_MIRROR", "refused"): "COURSE_DATA_MIRROR does not answer",
            ("HTTPS_PROXY", "never"): "raw.githubusercontent.com does not answer",
            ("HTTPS_PROXY", "refused"): "the proxy does not answer",
        }[variable, answer]
        assert line(capsys).endswith(f"because {why}")
        if answer == "never":
            listener.setblocking(False)
            for _ in range(2):  # is somebody there, and the question
                listener.accept()[0].close()

        load("happy")
        assert line(capsys).endswith(f"because {why}")
        if answer == "never":
            with pytest.raises(BlockingIOError):  # the second time nobody called
                listener.accept()


@pytest.mark.parametrize(
    ("mirror", "why"),
    [
        ("somewhere/else", "the address of train_happy.h5 cannot be used (MissingSchema)"),
        ("ftp://127.0.0.1:1", "COURSE_DATA_MIRROR does not answer"),
        ("http://127.0.0.1:port", "COURSE_DATA_MIRROR does not answer"),
        (f"http://{'a' * 70}.example", "COURSE_DATA_MIRROR does not answer"),
    ],
)
def test_unusable_mirror(monkeypatch, capfd, mirror, why):
    monkeypatch.setenv("COURSE_DATA_MIRROR", mirror)
    load("happy")
    out, err = capfd.readouterr()
    assert f"because {why}" in out
    assert len(err.splitlines()) == 1, "that pictures are prepared"


def test_offline_asks_nobody(served, offline, capsys):
    assert_equal(load("happy"), seed=0)
    assert line(capsys).endswith("drawn by the course (embedded), because COURSE_OFFLINE is set")
    assert served.asked == []


# The cache


def test_drawn_once(offline, monkeypatch):
    first = load("happy")
    assert (first.source.kind, first.source.verified) == ("embedded", False)
    with h5py.File(first.source.paths[0]) as store:
        assert set(store) == {"train_set_x", "train_set_y", "list_classes"}
        assert (store[X].dtype, store[Y].dtype) == (np.uint8, np.int64)
    monkeypatch.setattr("tiny_set.draw", None)
    again = load("happy")
    assert_equal(again, seed=0)
    assert again.source == first.source


def test_drawn_again_when_the_code_changes(offline, monkeypatch, tmp_path):
    old = load("happy").source.paths
    (tmp_path / "other_drawing.py").write_text("from tiny_set import draw as old\n\n\ndef draw():\n    return old(7)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(catalogue, "SETS", {"happy": entry()})
    object.__setattr__(catalogue.SETS["happy"], "drawing", "other_drawing")
    assert_equal(load("happy"), seed=7)
    assert not any(path.exists() for path in old), "the old drawings are cleared away"


@pytest.mark.parametrize("kind", ["download", "drawn"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_cache_is_said_and_mended(served, monkeypatch, capsys, kind, damage):
    if kind == "drawn":
        monkeypatch.setenv("COURSE_OFFLINE", "1")
    path = load("happy").source.paths[0]
    capsys.readouterr()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # a single bit, in a picture
    path.write_bytes({"flip": content, "cut": content[:9000], "empty": b""}[damage])
    assert_equal(load("happy"), seed=0 if kind == "drawn" else 1)
    said, loaded = capsys.readouterr().out.splitlines()
    assert said == f"happy: {path.name} in the cache was damaged and has been removed"
    assert ("drawn by the course" if kind == "drawn" else "from the network") in loaded
    assert len(kept()) == 2


def test_cache_removes_nothing_of_anybody_else(monkeypatch, place, offline):
    fill(place / "happy", train=b"something of mine")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(place))
    assert_equal(load("happy"), seed=0)
    assert (place / "happy" / TRAIN).read_bytes() == b"something of mine"


def test_cache_that_cannot_be_written(place, monkeypatch, capsys, offline):
    (place / "file").write_bytes(b"")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(place / "file" / "cache"))
    loaded = load("happy")
    assert_equal(loaded, seed=0)
    assert loaded.source.paths == ()
    assert "because COURSE_OFFLINE is set; not kept, as the cache cannot be written (" in line(capsys)


def test_download_that_cannot_be_kept(place, served, monkeypatch, capsys):
    (place / "file").write_bytes(b"")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(place / "file"))
    loaded = load("happy")
    assert_equal(loaded, seed=1)
    assert (loaded.source.kind, loaded.source.paths) == ("download", ())
    assert "from the network (verified); not kept, as the cache cannot be written (" in line(capsys)


def test_what_a_killed_process_left_is_cleared_away(served):
    (cache.folder() / "happy").mkdir(parents=True)
    (cache.folder() / "happy" / ".train_happy-official.h5.x7f").write_bytes(b"half")
    load("happy")
    assert kept() == ["test_happy-official.h5", "train_happy-official.h5"]


# The command line


def run(*words):
    return CliRunner().invoke(cli, words)


def test_status(place, monkeypatch, served):
    monkeypatch.setattr(catalogue, "SETS", {"happy": catalogue.SETS["happy"]})
    assert re.search(r"happy.*network, else drawn.*no", run("status").output)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    load("happy")
    assert re.search(r"happy.*│ drawn.*│ no .*│ 1\.", run("status").output)
    monkeypatch.delenv("COURSE_OFFLINE")
    run("fetch")
    assert re.search(r"happy.*cache.*yes.*0\.7", run("status").output)
    fill(place, train=WHOLE[:5000])
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    assert re.search(r"happy.*COURSE_DATA_DIR.*damaged", re.sub(r"\s+", " ", run("status").output))
    assert served.asked == [*NAMES], "only fetch asks the network"


def test_fetch(served, monkeypatch):
    served.manner = "html"
    result = run("fetch", "happy")
    assert result.output == "happy: not fetched, because a web page came instead of train_happy.h5\n"
    assert "Not fetched: happy" in str(result.exception)
    served.manner = "right"
    monkeypatch.setattr(network, "_failed", {})
    assert run("fetch", "happy").output == "happy: in the cache (verified)\n"
    assert run("fetch", "happy").exit_code == 0
    assert served.asked == [TRAIN, *NAMES]


def test_verify(served, place, monkeypatch):
    assert run("verify", "happy").output == "happy: nothing here yet\n"
    paths = load("happy").source.paths
    result = run("verify", "happy")
    assert (result.exit_code, result.output.count("(cache): verified")) == (0, 2)
    paths[1].write_bytes(b"no")
    result = run("verify", "happy")
    assert result.exit_code == 1
    assert "test_happy-official.h5 (cache): damaged" in result.output
    assert paths[1].exists(), "verify only looks"


def test_add(place, capsys, offline):
    copy = h5(arrays("train", seed=3))
    fill(place, train=copy)
    result = run("add", "happy", str(place))
    assert result.output.splitlines() == [
        "happy: train_happy.h5 added as train_happy.h5 (unverified copy)",
        "happy: test_happy.h5 added as test_happy.h5 (verified)",
    ]
    loaded = load("happy")
    assert line(capsys).endswith("from the cache (unverified copy)")
    np.testing.assert_array_equal(loaded.x_train, draw(3)[X])

    (place / "renamed.hdf5").write_bytes(WHOLE)
    assert "renamed.hdf5 added as train_happy.h5 (verified)" in run("add", "happy", str(place / "renamed.hdf5")).output
    assert_equal(load("happy"), seed=1)
    assert kept() == ["test_happy-official.h5", "train_happy-official.h5"], "the better copy takes the other's place"


def test_add_says_what_is_missing_or_not_there(place):
    fill(place)
    assert "test_happy.h5 is still missing" in run("add", "happy", str(place / TRAIN)).output
    assert "no train_happy.h5 and test_happy.h5 in that folder" in str(
        run("add", "happy", str(place / "happy")).exception
    )
    assert str(run("add", "happy", str(place / "nothing.h5")).exception).startswith(
        "nothing.h5 cannot be read: No such"
    )


def test_damaged_added_file_is_not_used(place, capsys, offline):
    fill(place, train=h5(arrays("train", seed=3)))
    run("add", "happy", str(place))
    path = load("happy").source.paths[0]
    path.write_bytes(path.read_bytes().replace(b"\1", b"\2", 1))
    capsys.readouterr()
    assert_equal(load("happy"), seed=0)
    assert "train_happy-added-" in capsys.readouterr().out


def test_catalogue_of_real_sets():
    """Every entry is complete and agrees with its card; MNIST's address and checksum are those that Keras has."""
    (mnist,) = REAL["mnist"].files
    source = Path(find_spec("keras").origin).with_name("src").joinpath("datasets", "mnist.py").read_text()
    assert mnist.sha256 in source
    assert mnist.address.removesuffix("mnist.npz") in source
    assert {path.stem for path in (ROOT / "datasets").glob("*.md")} == {*REAL, "bodies"}
    for chosen in REAL.values():
        card = (ROOT / "datasets" / f"{chosen.name}.md").read_text(encoding="utf-8")
        for file in chosen.files:
            assert file.name in card
            if isinstance(file, catalogue.Folder):  # nobody publishes it
                continue
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert file.address.startswith("https://")
            if isinstance(file, catalogue.Archive):
                assert set(file.also) >= {Path(file.address).name}
                assert all(f"`{name}` | `{md5}`" in card for name, md5 in file.members.items())
            else:
                assert file.address.endswith(f"/{file.name}")
            for fact in (file.name, f"{file.size:,} bytes", f"`{file.sha256}`", file.blob):
                assert fact in card


@pytest.mark.parametrize("name", REAL)
def test_stand_ins(name, monkeypatch):
    """What the course draws has the form of the real set; drawn into the checkout's own cache, where it stays."""
    monkeypatch.delenv("COURSE_CACHE_DIR")
    parts, _ = cache.drawn(REAL[name])
    fields = {field: array for part in parts for field, array in part.arrays.items()}
    assert {len(np.bincount(fields[labels])) for labels in ("y_train", "y_test")} == {len(REAL[name].class_names)}
    if name not in ("mnist", "cifar10"):  # scikit-learn has fewer digits, and a fifth of CIFAR-10 is enough
        assert {field: len(array) for field, array in fields.items() if field[:2] in ("x_", "y_")} == REAL[name].counts
