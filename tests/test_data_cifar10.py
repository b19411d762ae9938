"""CIFAR-10 as a folder of pickles, as an archive and as an npz: read without running what a pickle asks for."""

import hashlib
import io
import os
import pickle
import re
import shutil
import struct
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from course_utils.data import cache, catalogue, formats, load, network
from course_utils.data.cli import data as cli
from course_utils.errors import CourseError

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
EACH = 4
FOLDER = "cifar-10-batches-py"
(PUBLISHED,) = catalogue.SETS["cifar10"].files


class Python2Pickler(pickle._Pickler):
    """Writes as the Python 2 of the published files did: strings are bytes without a mark, NumPy has its old names."""

    def save_text(self, text):
        text = text.encode() if isinstance(text, str) else text
        short = len(text) < 256
        self.write((b"U" + struct.pack("<B", len(text)) if short else b"T" + struct.pack("<i", len(text))) + text)
        self.memoize(text)

    dispatch = pickle._Pickler.dispatch | {bytes: save_text, str: save_text}


def python2(batch):
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(batch)
    return buffer.getvalue().replace(b"cnumpy._core", b"cnumpy.core")


def batch(number, **changed):
    rng = np.random.default_rng(number)
    pictures = rng.integers(0, 256, (EACH, 3072), dtype=np.uint8)
    return {b"data": pictures, b"labels": [number, 9, 0, 3], b"batch_label": b"a batch"} | {
        key.encode(): value for key, value in changed.items()
    }


def content():
    return {name: python2(batch(number)) for number, name in enumerate(NAMES)}


def archive(members, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as packed:
        for name, piece in members.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(piece)
            packed.addfile(member, io.BytesIO(piece))
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder for COURSE_DATA_DIR with six small batches in the published form, and an empty cache."""
    for name in ("COURSE_OFFLINE", "COURSE_DATA_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "own"))
    monkeypatch.setattr(network, "_failed", {})
    folder = tmp_path / "own" / FOLDER
    folder.mkdir(parents=True)
    for name, piece in content().items():
        (folder / name).write_bytes(piece)
    packed = archive(content())
    small = replace(
        PUBLISHED,
        size=len(packed),
        sha256=hashlib.sha256(packed).hexdigest(),
        members={name: hashlib.md5(piece).hexdigest() for name, piece in content().items()},
    )
    monkeypatch.setitem(catalogue.SETS, "cifar10", replace(catalogue.SETS["cifar10"], files=(small,)))
    return folder


def assert_complete(loaded):
    """The pictures are those of the batches, in their order."""
    assert (loaded.x_train.shape, loaded.x_test.shape) == ((5 * EACH, 32, 32, 3), (EACH, 32, 32, 3))
    assert {loaded.x_train.dtype, loaded.x_test.dtype} == {np.dtype(np.uint8)}
    assert {loaded.y_train.dtype, loaded.y_test.dtype} == {np.dtype(np.int64)}
    assert loaded.y_train.tolist() == [label for number in range(5) for label in (number, 9, 0, 3)]
    assert loaded.y_test.tolist() == [5, 9, 0, 3]
    assert loaded.class_names[:3] == ("airplane", "automobile", "bird")
    stored = batch(5)[b"data"]
    np.testing.assert_array_equal(
        loaded.x_test, np.stack(np.split(stored, 3, axis=1), axis=-1).reshape(EACH, 32, 32, 3)
    )
    np.testing.assert_array_equal(loaded.x_train[EACH, 1, 2], batch(1)[b"data"][0, [34, 1024 + 34, 2048 + 34]])


def test_folder_of_batches(place, capsys):
    """As Keras reads it, too."""
    from keras.src.datasets.cifar import load_batch

    loaded = load("cifar10")
    assert capsys.readouterr().out == "cifar10: 20 training and 4 test pictures from COURSE_DATA_DIR (verified)\n"
    assert (loaded.source.kind, loaded.source.paths) == ("folder", (place,))
    assert_complete(loaded)
    pictures, labels = load_batch(place / "test_batch")
    np.testing.assert_array_equal(loaded.x_test, pictures.transpose(0, 2, 3, 1))
    assert loaded.y_test.tolist() == labels
    place.rename(place.parents[0] / "inside")
    (place.parents[0] / "cifar10").mkdir()
    shutil.move(place.parents[0] / "inside", place.parents[0] / "cifar10" / FOLDER)
    assert_complete(load("cifar10"))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_batches_pickled_again_are_an_unverified_copy(place, capsys, protocol):
    for number, name in enumerate(NAMES):
        (place / name).write_bytes(pickle.dumps(batch(number), protocol))
    loaded = load("cifar10")
    assert "COURSE_DATA_DIR (unverified copy)" in capsys.readouterr().out
    assert not loaded.source.verified
    assert_complete(loaded)


def test_archive_is_unpacked_into_the_cache(place, monkeypatch, capsys):
    monkeypatch.setattr(network, "_fetch", lambda file, address, patience: archive(content()))
    monkeypatch.delenv("COURSE_DATA_DIR")
    first, second = load("cifar10"), load("cifar10")
    assert re.findall(r"from [^\n]+", capsys.readouterr().out) == [
        "from the network (verified)",
        "from the cache (verified)",
    ]
    assert first.source.paths == second.source.paths == (cache.folder() / "cifar10" / f"{FOLDER}-official",)
    assert_complete(second)
    with (second.source.paths[0] / "data_batch_2").open("r+b") as harmed:
        harmed.seek(5000)
        harmed.write(b"!?")
    assert_complete(load("cifar10"))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"cifar10: {FOLDER}-official in the cache was damaged and has been removed"


def test_mirror_serves_the_archive_under_its_own_name(monkeypatch):
    asked = []

    def fetch(file, address, patience):
        asked.append(address)
        raise network.Unavailable("it is a test")

    monkeypatch.setattr(network, "_fetch", fetch)
    monkeypatch.setenv("COURSE_DATA_MIRROR", "http://127.0.0.1:1/")
    with pytest.raises(network.Unavailable):
        network.download(catalogue.SETS["cifar10"], catalogue.SETS["cifar10"].files[0])
    assert asked == ["http://127.0.0.1:1/cifar10/cifar-10-python.tar.gz"]


def arrays(**changed):
    rng = np.random.default_rng(0)
    whole = {f"x_{part}": rng.integers(0, 256, (n, 32, 32, 3), np.uint8) for part, n in (("train", 30), ("test", 10))}
    whole |= {f"y_{part}": np.arange(n, dtype=np.uint8) % 10 for part, n in (("train", 30), ("test", 10))}
    whole |= changed
    return {key: value for key, value in whole.items() if value is not None}


def npz(**stored):
    buffer = io.BytesIO()
    np.savez(buffer, **stored)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("cifar-10-python.tar", "w"),
        ("cifar-10-python.tar.gz", "w"),
        ("cifar-10-python.tar.gz", "w:gz"),
        ("cifar-10-python (1).tar", "w"),
        ("cifar-10-python.tar (1).gz", "w:gz"),
    ],
)
def test_archive_unpacked_by_a_browser(place, name, mode):
    """A .tar, whatever its name says; its files have the published checksums."""
    shutil.rmtree(place)
    (place.parent / name).write_bytes(archive(content(), mode))
    loaded = load("cifar10")
    assert_complete(loaded)
    assert loaded.source.verified
    assert run("add", "cifar10", str(place.parent / name)).output.endswith(f" added as {FOLDER} (verified)\n")


def test_the_cache_of_keras(place):
    """Where keras.datasets.cifar10 keeps it: one folder deeper."""
    home = place.parent / "cifar-10-batches-py-target"
    home.mkdir()
    place.rename(home / FOLDER)
    loaded = load("cifar10")
    assert_complete(loaded)
    assert loaded.source.verified
    for path in home, home / FOLDER:
        assert run("add", "cifar10", str(path)).output == f"cifar10: {FOLDER} added as {FOLDER} (verified)\n"


def test_labels_in_a_column(place):
    """As keras.datasets.cifar10 gives them, and np.savez keeps them."""
    shutil.rmtree(place)
    columns = {key: array[:, None] if key.startswith("y") else array for key, array in arrays().items()}
    (place.parent / "cifar10.npz").write_bytes(npz(**columns))
    assert load("cifar10").y_test.tolist() == list(range(10))


@pytest.mark.parametrize(("ending", "version", "word"), [("bin", "bin", "binary"), ("mat", "mat", "Matlab")])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
def test_other_versions_are_named(place, ending, version, word, packed):
    shutil.rmtree(place)
    members = {f"{name}.{ending}": b"\1\2\3" for name in NAMES}
    if packed:
        path = place.parent / f"cifar-10-{word.lower()}.tar.gz"
        path.write_bytes(archive(members))
    else:
        path = place.parent / f"cifar-10-batches-{version}"
        path.mkdir()
        for name, piece in members.items():
            (path / name).write_bytes(piece)
    assert_refused(f"{path.name} is the {word} version of CIFAR-10: get the Python version instead.", path)


@pytest.mark.parametrize("name", ["cifar10_subset.npz", "cifar10.npz"])
def test_npz_of_any_number(place, name, capsys):
    shutil.rmtree(place)
    (place.parent / name).write_bytes(npz(**arrays(label_names=np.array(["anything"]))))
    loaded = load("cifar10")
    assert capsys.readouterr().out == (
        "cifar10: 30 training and 10 test pictures from COURSE_DATA_DIR (unverified copy)\n"
    )
    np.testing.assert_array_equal(loaded.x_train, arrays()["x_train"])
    assert loaded.y_test.tolist() == list(range(10))


# What is refused, and how


class Call:
    """Pickled, it asks for a function to be called."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


PAGE = b"<!DOCTYPE html><html></html>"
DAMAGED = "is damaged or cut short: get it again."
FORM = "does not hold 32x32x3 bytes and one label for each picture: get it again."
ONE = f"{FOLDER}/data_batch_3 "
BAD_BATCHES = {
    "web page": (PAGE, ONE + "is a web page, not the data: download the file itself."),
    "LFS": (
        b"version https://git-lfs.github.com/spec/v1\n",
        ONE + "is a Git LFS pointer, not the data: download the file",
    ),
    "empty": (b"", ONE + DAMAGED),
    "truncated": (content()["data_batch_3"][:7000], ONE + DAMAGED),
    "no pickle": (b"CIFAR", ONE + DAMAGED),
    "no dict": (python2([1, 2]), ONE + "has no data: it is no batch of CIFAR-10."),
    "no data": (python2({b"labels": [1]}), ONE + "has no data: it is no batch of CIFAR-10."),
    "CIFAR-100": (
        python2({b"data": batch(0)[b"data"], b"fine_labels": [1] * EACH}),
        ONE + "has no labels: it is no batch",
    ),
    "as strings": (pickle.dumps({"data": batch(0)[b"data"], "labels": [1]}), ONE + "has no data: it is no batch"),
    "smaller pictures": (python2(batch(2, data=np.zeros((EACH, 768), np.uint8))), ONE + FORM),
    "floats": (python2(batch(2, data=np.zeros((EACH, 3072)))), ONE + FORM),
    "one label less": (python2(batch(2, labels=[1, 2, 3])), ONE + FORM),
    "one-hot": (python2(batch(2, labels=[[0, 1]] * EACH)), ONE + FORM),
    "no whole numbers": (python2(batch(2, labels=[0.5] * EACH)), ONE + FORM),
    "label 10": (
        python2(batch(2, labels=[10, 0, 0, 0])),
        f"{FOLDER} holds labels outside 0 to 9: it is no file of cifar10.",
    ),
    "label -1": (
        python2(batch(2, labels=[-1, 0, 0, 0])),
        f"{FOLDER} holds labels outside 0 to 9: it is no file of cifar10.",
    ),
}


def assert_refused(sentence, path):
    with pytest.raises(CourseError) as caught:
        load("cifar10")
    assert str(caught.value).startswith(sentence)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert str(CliRunner().invoke(cli, ["add", "cifar10", str(path)]).exception) == str(caught.value)
    assert str(caught.value) in CliRunner().invoke(cli, ["verify", "cifar10"]).output
    assert not list(cache.folder().glob("cifar10/cifar*"))


@pytest.mark.parametrize("case", BAD_BATCHES)
def test_bad_batch_is_refused_in_one_sentence(place, case):
    harmed, sentence = BAD_BATCHES[case]
    (place / "data_batch_3").write_bytes(harmed)
    assert_refused(sentence, place)


def test_missing_batch(place):
    (place / "data_batch_3").unlink()
    assert_refused(f"{FOLDER} has no data_batch_3: it takes data_batch_1, data_batch_2, ", place)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.mkdir, f"{os.mkdir.__module__}.mkdir"),
        (eval, "builtins.eval"),
        (np.load, "numpy.load"),
        (getattr, "builtins.getattr"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_what_a_pickle_asks_for_is_not_run(place, tmp_path, function, name, protocol):
    trap = tmp_path / "trap"
    arguments = {os.mkdir: (str(trap),), eval: (f"__import__('os').mkdir({str(trap)!r})",)}.get(
        function, (str(trap), "x")
    )
    (place / "data_batch_3").write_bytes(
        pickle.dumps(batch(2, more=Call(function, *arguments)), protocol, fix_imports=False)
    )
    assert_refused(f"{ONE}asks for {name} to be run, which no batch of CIFAR-10 does: get it again.", place)
    assert not trap.exists()


BAD_NPZ = {  # made when they are needed: their formats hold the time of day
    "is a web page": lambda: PAGE,
    DAMAGED: lambda: npz(**arrays())[:-300],
    "is damaged": lambda: npz(**arrays(x_test=np.array([object()]))),
    "has no y_train: it is not": lambda: npz(**arrays(y_train=None)),
    "has no x_train and no x_test: it is not": lambda: npz(**arrays(x_train=None, x_test=None)),
    r"holds x_test of shape \(10, 28, 28\) and": lambda: npz(**arrays(x_test=np.zeros((10, 28, 28), np.uint8))),
    r"holds x_train of shape \(30, 32, 32, 3\) and type float32": lambda: npz(
        **arrays(x_train=np.zeros((30, 32, 32, 3), "f4"))
    ),
    r"holds x_train of shape \(0, 32, 32, 3\)": lambda: npz(
        **arrays(x_train=np.zeros((0, 32, 32, 3), "u1"), y_train=np.zeros(0, int))
    ),
    r"holds y_test of shape \(9,\)": lambda: npz(**arrays(y_test=np.arange(9))),
    r"holds y_test of shape \(10, 10\)": lambda: npz(**arrays(y_test=np.eye(10, dtype=int))),
    "holds labels outside 0 to 9": lambda: npz(**arrays(y_test=np.arange(1, 11))),
}


@pytest.mark.parametrize("sentence", BAD_NPZ)
def test_bad_npz_is_refused_in_one_sentence(place, sentence):
    shutil.rmtree(place)
    path = place.parent / "cifar10_subset.npz"
    path.write_bytes(BAD_NPZ[sentence]())
    with pytest.raises(CourseError, match=rf"^cifar10_subset\.npz {sentence}") as caught:
        load("cifar10")
    assert_refused(str(caught.value), path)


BAD_ARCHIVES = {  # made when they are needed, too
    "cut short": (lambda: archive(content())[:3000], DAMAGED),
    "without a batch": (
        lambda: archive({name: piece for name, piece in content().items() if name != "test_batch"}),
        "has no test_batch: it takes",
    ),
    "empty": (lambda: archive({}), "has no data_batch_1: it takes"),
    "two bytes of gzip": (lambda: b"\x1f\x8b and nothing more", DAMAGED),
}


@pytest.mark.parametrize("case", BAD_ARCHIVES)
def test_bad_archive_is_refused_in_one_sentence(place, case):
    shutil.rmtree(place)
    packed, sentence = BAD_ARCHIVES[case]
    path = place.parent / "cifar-10-python.tar.gz"
    path.write_bytes(packed())
    assert_refused(f"cifar-10-python.tar.gz {sentence}", path)


def test_random_damage_never_gives_half_a_set():
    rng = np.random.default_rng(0)
    chosen = catalogue.SETS["cifar10"]
    refused = 0
    for _ in range(150):
        harmed = content()
        piece = bytearray(harmed["data_batch_3"])
        for at in rng.integers(0, rng.choice([300, len(piece)]), 3):
            piece[at] ^= rng.integers(1, 256)
        harmed["data_batch_3"] = bytes(piece)
        try:
            read = formats.read(chosen, chosen.files[0], harmed, FOLDER)
        except CourseError:
            refused += 1
            continue
        assert (read["x_train"].shape, read["x_train"].dtype) == ((5 * EACH, 32, 32, 3), np.uint8)
        assert (read["y_train"].shape, read["y_train"].dtype) == ((5 * EACH,), np.int64)
        assert set(read["y_train"].tolist()) <= set(range(10))
    assert 20 < refused < 150


# The command line


def run(*words):
    return CliRunner().invoke(cli, words)


def test_add_and_status(place, monkeypatch):
    monkeypatch.setattr(catalogue, "SETS", {"cifar10": catalogue.SETS["cifar10"]})
    assert re.search(r"cifar10.*COURSE_DATA_DIR.*yes ", run("status").output)
    assert run("verify").output == f"cifar10: {FOLDER} (COURSE_DATA_DIR): verified\n"
    place = place.rename(place.parent / "batches")
    assert re.search(r"cifar10.*network, else drawn.*no ", run("status").output)
    assert run("add", "cifar10", str(place)).output == f"cifar10: batches added as {FOLDER} (verified)\n"
    shutil.rmtree(place)
    assert re.search(r"cifar10.*cache.*yes ", run("status").output)
    assert_complete(load("cifar10"))

    packed = place.parent / "my.tar.gz"
    packed.write_bytes(archive({name: pickle.dumps(batch(number)) for number, name in enumerate(NAMES)}))
    shutil.rmtree(cache.folder())
    assert run("add", "cifar10", str(packed)).output == f"cifar10: my.tar.gz added as {FOLDER} (unverified copy)\n"
    assert_complete(load("cifar10"))
    assert re.search(r"cifar10.*cache.*no ", run("status").output)


def test_add_the_folder_that_holds_the_set(place):
    assert run("add", "cifar10", str(place.parent)).output == f"cifar10: {FOLDER} added as {FOLDER} (verified)\n"
    (place.parent / "empty").mkdir()
    assert str(run("add", "cifar10", str(place.parent / "empty")).exception).startswith("empty has no data_batch_1: it")


def test_keras_has_the_same_address_and_checksum():
    from keras.src.datasets import cifar10

    with open(cifar10.__file__) as source:
        text = source.read()
    assert PUBLISHED.address in text
    assert PUBLISHED.sha256 in text
    assert [*PUBLISHED.members] == NAMES
