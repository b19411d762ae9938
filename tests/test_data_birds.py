"""Folders of pictures: read and split as Keras does, converted where that is possible, refused in one sentence."""

import os
import re
import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from course_utils.data import birds, cache, catalogue, folder, formats, load
from course_utils.data.cli import data as cli
from course_utils.errors import CourseError

COLOURS = {"Cockatoo": (240, 240, 240), "Black Skimmer": (30, 30, 30), "红嘴 相思鸟": (200, 60, 40)}
EACH = 7


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder for COURSE_DATA_DIR with three classes of seven plain pictures in bird_photos, and an empty cache."""
    for name in ("COURSE_OFFLINE", "COURSE_DATA_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "own"))
    for name, colour in COLOURS.items():
        for number in range(EACH):
            save(Image.new("RGB", (224, 224), shade(colour, number)), tmp_path / "own" / "bird_photos" / name, number)
    return tmp_path / "own" / "bird_photos"


def shade(colour, number):
    """A colour of its own for each picture of a class."""
    return tuple(min(255, value + 2 * number) for value in colour)


def save(image, parent, number, suffix="jpg"):
    parent.mkdir(parents=True, exist_ok=True)
    image.save(parent / f"no {number}.{suffix}", **({"quality": 95} if suffix == "jpg" else {}))


def by_file(loaded):
    """{file: picture} of a loaded set, from the order that Keras is known to have."""
    files = list(folder.collect(loaded.source.paths[0]))
    x = np.concatenate([loaded.x_train, loaded.x_test])
    return {files[number]: picture for number, picture in zip(folder.order(len(files)), x, strict=True)}


def keras_sets(path):
    """The same folder through Keras: file names from the folder, labels and pictures, of both parts."""
    import keras

    training, held_out = keras.utils.image_dataset_from_directory(
        path, validation_split=0.2, subset="both", seed=123, image_size=(224, 224), batch_size=None, verbose=False
    )
    files = [[os.path.relpath(file, path) for file in part.file_paths] for part in (training, held_out)]
    return files, training.class_names, held_out


def assert_as_keras(loaded):
    (path,) = loaded.source.paths
    files, class_names, held_out = keras_sets(path)
    ours = [file.replace("/", os.sep) for file in folder.collect(path)]
    assert files[0] + files[1] == [ours[number] for number in folder.order(len(ours))]
    assert (len(loaded.y_train), len(loaded.y_test)) == (len(files[0]), len(files[1]))
    assert loaded.class_names == tuple(class_names)
    for part, labels in zip(files, (loaded.y_train, loaded.y_test), strict=True):
        assert [class_names[label] for label in labels] == [file.partition(os.sep)[0] for file in part]
    for (picture, label), x, y in zip(held_out, loaded.x_test, loaded.y_test, strict=True):
        assert label.numpy() == y
        difference = np.abs(picture.numpy() - x)  # two JPEG decoders
        assert difference.mean() < 1.5
        assert difference.max() < 40


# The course's own birds


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The embedded set, drawn once into a cache of its own, and what was printed."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as printed:
        patch.setenv("COURSE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("COURSE_DATA_DIR", raising=False)
        return load("birds"), printed.getvalue()


def test_embedded_set(drawn):
    loaded, printed = drawn
    assert printed == (
        "birds: 452 training and 113 test pictures drawn by the course (embedded), "
        "because no public address of the photos is known\n"
    )
    assert (loaded.source.kind, loaded.source.verified) == ("embedded", False)
    assert loaded.class_names == ("Bananaquit", "Black Skimmer", "Black Throated Bushtiti", "Cockatoo")
    assert (loaded.x_train.shape, loaded.x_test.shape) == ((452, 224, 224, 3), (113, 224, 224, 3))
    assert {array.dtype for array in (loaded.x_train, loaded.x_test)} == {np.dtype(np.uint8)}
    assert {array.dtype for array in (loaded.y_train, loaded.y_test)} == {np.dtype(np.int64)}
    assert np.bincount(np.concatenate([loaded.y_train, loaded.y_test])).tolist() == [166, 111, 122, 166]
    (path,) = loaded.source.paths
    assert {entry.name: len(list(entry.iterdir())) for entry in path.iterdir()} == dict(
        zip(loaded.class_names, [166, 111, 122, 166], strict=True)
    )
    with Image.open(path / "Cockatoo" / "166.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (224, 224))


def test_embedded_set_is_split_as_by_keras(drawn):
    assert_as_keras(drawn[0])


def few(monkeypatch):
    monkeypatch.setattr(birds, "KINDS", tuple(replace(kind, count=3) for kind in birds.KINDS))
    monkeypatch.setattr(birds, "PLACES", 3)


def test_a_seed_fixes_every_byte_and_another_seed_changes_them(monkeypatch):
    few(monkeypatch)
    first, again, other = (formats.digest(folder.encode(birds.draw(seed))) for seed in (0, 0, 1))
    assert first == again != other


def test_files_hold_what_was_drawn(monkeypatch):
    few(monkeypatch)
    drawn = birds.draw()
    content = folder.encode(drawn)
    assert list(content)[:4] == [*(f"Bananaquit/00{number}.jpg" for number in (1, 2, 3)), "Black Skimmer/001.jpg"]
    fields = folder.read(content, (224, 224, 3), "drawn")
    read = np.concatenate([fields["x_train"], fields["x_test"]])
    difference = np.abs(read.astype(int) - drawn["pictures"][folder.order(12)])
    assert difference.mean() < 5, "what JPEG takes away"


def test_drawn_folder_is_kept_and_mended(monkeypatch, capsys):
    few(monkeypatch)
    monkeypatch.delenv("COURSE_DATA_DIR")
    first = load("birds")
    monkeypatch.setattr(birds, "draw", None)
    again = load("birds")
    assert again.source == first.source
    np.testing.assert_array_equal(again.x_train, first.x_train)

    monkeypatch.undo()
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(first.source.paths[0].parents[1]))
    few(monkeypatch)
    for harm in (
        lambda path: (path / "Cockatoo" / "001.jpg").unlink(),
        lambda path: (path / "Cockatoo" / "004.jpg").write_text("mine"),
        lambda path: (path / "Cockatoo" / "001.jpg").write_bytes((path / "Cockatoo" / "002.jpg").read_bytes()),
        lambda path: shutil.rmtree(path / "Cockatoo"),
    ):
        harm(first.source.paths[0])
        capsys.readouterr()
        mended = load("birds")
        assert capsys.readouterr().out.startswith(f"birds: {first.source.paths[0].name} in the cache was damaged")
        assert mended.source == first.source
        np.testing.assert_array_equal(mended.x_test, first.x_test)
    assert [path.name for path in first.source.paths[0].parent.iterdir() if path.is_dir()] == [
        first.source.paths[0].name
    ]


def test_files_are_there_even_where_the_cache_cannot_be_written(monkeypatch, capsys, tmp_path):
    few(monkeypatch)
    monkeypatch.delenv("COURSE_DATA_DIR")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "file"))
    loaded = load("birds")
    assert "not kept, as the cache cannot be written" in capsys.readouterr().out
    assert len(folder.collect(loaded.source.paths[0])) == 12
    assert folder._kept[-1].name == str(loaded.source.paths[0])
    folder._kept.pop().cleanup()


# One's own folder


def test_own_folder(place, capsys):
    loaded = load("birds")
    assert capsys.readouterr().out == "birds: 17 training and 4 test pictures from COURSE_DATA_DIR (unverified copy)\n"
    assert (loaded.source.kind, loaded.source.paths) == ("folder", (place,))
    assert loaded.class_names == ("Black Skimmer", "Cockatoo", "红嘴 相思鸟")
    assert not cache.folder().exists()
    for file, picture in by_file(loaded).items():
        name, number = re.fullmatch(r"(.+)/no (\d)\.jpg", file).groups()
        np.testing.assert_allclose(picture, np.broadcast_to(shade(COLOURS[name], int(number)), (224, 224, 3)), atol=3)
    assert_as_keras(loaded)


def test_other_names_and_places(place):
    for target in ("birds/tiny_imagenet_birds", "tiny_imagenet_birds", "birds/bird_photos"):
        (place.parent / target).parent.mkdir(exist_ok=True)
        place = place.rename(place.parents[place.parts[::-1].index("own") - 1] / target)
        assert load("birds").source.paths == (place,)


def test_the_folder_itself_may_be_a_link(place, tmp_path):
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert len(load("birds").x_train) == 17


def noise(size=(224, 224), mode="RGB"):
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC).convert(mode)


@pytest.mark.parametrize(
    ("mode", "suffix", "name"),
    [
        ("L", "jpg", "jpg"),
        ("CMYK", "jpg", "jpg"),
        ("L", "png", "png"),
        ("1", "png", "png"),
        ("RGB", "PNG", "PNG"),
        ("RGB", "bmp", "bmp"),
        ("P", "gif", "gif"),
        ("RGB", "JPEG", "JPEG"),
        ("RGB", "png", "jpg"),
        ("P", "gif", "jpg"),
        ("RGB", "bmp", "jpg"),
        ("RGB", "webp", "jpg"),
        ("RGB", "jpg", "png"),
    ],
)
def test_pictures_are_converted(place, mode, suffix, name):
    """To what the picture looks like, whatever its name says; Keras, reading the same files, sees the same."""
    image = noise(mode=mode)
    save(image, place / "Cockatoo", 99, suffix)
    (place / "Cockatoo" / f"no 99.{suffix}").rename(place / "Cockatoo" / f"no 99.{name}")
    loaded = load("birds")
    picture = by_file(loaded)[f"Cockatoo/no 99.{name}"]
    assert (picture.shape, picture.dtype) == ((224, 224, 3), np.uint8)
    assert np.abs(picture.astype(int) - np.asarray(image.convert("RGB"))).mean() < 8
    assert_as_keras(loaded)


def test_transparent_parts_become_white(place):
    save(Image.new("RGBA", (224, 224), (255, 0, 0, 0)), place / "Cockatoo", 99, "png")
    assert by_file(load("birds"))["Cockatoo/no 99.png"].min() == 255


@pytest.mark.parametrize("size", [(64, 64), (500, 224), (30, 700), (1, 1)])
def test_pictures_of_other_sizes(place, size):
    """The middle is kept: a wide picture loses its sides, which here are red."""
    image = Image.new("RGB", size, (255, 0, 0))
    side = min(size)
    image.paste((0, 0, 255), tuple(np.add(np.tile(np.subtract(size, side) // 2, 2), (0, 0, side, side))))
    save(image, place / "Cockatoo", 99, "png")
    picture = by_file(load("birds"))["Cockatoo/no 99.png"]
    assert picture.shape == (224, 224, 3)
    assert picture[4:-4, 4:-4].reshape(-1, 3).tolist() == [[0, 0, 255]] * 216**2


def test_what_is_passed_over(place, capsys):
    """What is hidden and what systems lay there without a word, other files with their number, and links are followed.

    The folder is the user's own, as Keras finds the same pictures in it.
    """
    (place / ".ipynb_checkpoints").mkdir()
    (place / "Cockatoo" / "Thumbs.db").write_text("not a picture, and not called one")
    (place / "Cockatoo" / ".DS_Store").write_text("nor this")
    (place / "read me.txt").write_text("nor this")
    for number, name in enumerate(["photo.webp", "scan.TIF", "scan.tif", "IMG.heic", "from mail.jfif", "notes"]):
        (place / list(COLOURS)[number % 3] / name).write_bytes(b"")
    save(noise(), place / "Cockatoo" / "deeper", 1)
    (place / "Cockatoo" / "again.jpg").symlink_to(place / "Cockatoo" / "no 0.jpg")
    (place / "Cockatoo" / "round").symlink_to(place, target_is_directory=True)
    loaded = load("birds")
    told = "passed over by their names: 1 .heic, 1 .jfif, 2 .tif, 1 .webp, 1 without an ending"
    assert capsys.readouterr().out == (
        f"birds: 19 training and 4 test pictures from COURSE_DATA_DIR (unverified copy); {told}\n"
    )
    assert set(by_file(loaded)) - {f"{name}/no {n}.jpg" for name in COLOURS for n in range(EACH)} == {
        "Cockatoo/again.jpg",
        "Cockatoo/deeper/no 1.jpg",
    }
    assert loaded.source.paths == (place,)
    assert_as_keras(loaded)
    assert (
        run("add", "birds", str(place)).output == f"birds: bird_photos added as bird_photos (unverified copy); {told}\n"
    )


LITTER = {
    "checkpoint": "Cockatoo/.ipynb_checkpoints/no 1-checkpoint.jpg",
    "deeper checkpoint": "Cockatoo/deeper/.ipynb_checkpoints/no 1-checkpoint.jpg",
    "resource fork": "Cockatoo/._no 1.jpg",
    "thumbnail": "Cockatoo/@eaDir/no 1.jpg/SYNOPHOTO_THUMB_S.jpg",
    "thumbnails above": "@eaDir/Cockatoo/SYNOPHOTO_THUMB_S.jpg",
    "Mac": "__MACOSX/Cockatoo/._no 1.jpg",
    "recycle bin": "$RECYCLE.BIN/$R1.jpg",
    "trash": "Cockatoo/.trash/no 1.jpg",
}


@pytest.mark.parametrize("litter", [*([file] for file in LITTER.values()), [*LITTER.values()]], ids=[*LITTER, "all"])
def test_copies_in_hidden_and_system_folders_are_no_pictures_for_us_nor_for_keras(place, capsys, litter):
    expected = load("birds")
    told = capsys.readouterr().out
    for file in litter:
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place / "Cockatoo" / "no 1.jpg", place / file)
    loaded = load("birds")
    assert capsys.readouterr().out == told
    assert loaded.class_names == expected.class_names
    np.testing.assert_array_equal(loaded.x_train, expected.x_train)
    np.testing.assert_array_equal(loaded.x_test, expected.x_test)
    assert loaded.source.paths != (place,), "where Keras would find the copies, it is given a folder without them"
    assert_as_keras(loaded)
    folder._kept.pop().cleanup()


# What cannot be learned from


def empty(place):
    shutil.rmtree(place)
    place.mkdir()


def loose(place):
    empty(place)
    save(noise(), place, 1)


def one_class(place):
    for name in ("Cockatoo", "Black Skimmer"):
        shutil.rmtree(place / name)


def without_pictures(place):
    (place / "Albatross").mkdir()
    (place / "Albatross" / "notes.txt").write_text("to be photographed")


def too_few(place):
    one_class(place)
    save(noise(), place / "Cockatoo", 1)
    for number in range(4, 10):
        (place / "红嘴 相思鸟" / f"no {number}.jpg").unlink(missing_ok=True)
    (place / "红嘴 相思鸟" / "no 0.jpg").unlink()


def truncated(place):
    path = place / "Cockatoo" / "no 3.jpg"
    save(noise(), place / "Cockatoo", 3)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def text(place):
    (place / "Cockatoo" / "no 3.jpg").write_text("I am no picture")


def tiff(place):
    noise().save(place / "Cockatoo" / "no 3.jpg", "TIFF")


def heic(place):
    (place / "Cockatoo" / "no 3.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))


def without_end_mark(place):
    """Pillow could be made to read it; TensorFlow, which a notebook reads files by, could not."""
    path = place / "Cockatoo" / "no 3.jpg"
    path.write_bytes(path.read_bytes()[:-2])


def of_another_kind(place):
    for number in range(3):
        save(noise(), place / "Albatross", number, "webp")
    (place / "Albatross" / "IMG_1.HEIC").write_bytes(b"")
    (place / "Albatross" / ".hidden.jpg").write_bytes(b"")


def nothing(place):
    (place / "红嘴 相思鸟" / "no 3.jpg").write_bytes(b"")


def file_outside(place):
    save(noise(), place.parents[1], "elsewhere")
    (place / "Cockatoo" / "link.jpg").symlink_to(place.parents[1] / "no elsewhere.jpg")


def class_outside(place):
    shutil.copytree(place / "Cockatoo", place.parents[1] / "outside")
    (place / "Kea").symlink_to(place.parents[1] / "outside", target_is_directory=True)


def folder_outside(place):
    shutil.copytree(place / "Cockatoo", place.parents[1] / "outside")
    (place / "Cockatoo" / "more").symlink_to(place.parents[1] / "outside", target_is_directory=True)


def broken_link(place):
    (place / "Cockatoo" / "link.jpg").symlink_to(place / "Cockatoo" / "gone.jpg")


def circle(place):
    (place / "Cockatoo" / "link.jpg").symlink_to("link.jpg")


def pipe(place):
    os.mkfifo(place / "Cockatoo" / "pipe.jpg")


def folder_named_as_a_picture(place):
    """Keras passes it over, and so do we; but the class holds nothing else."""
    shutil.rmtree(place / "Cockatoo")
    (place / "Cockatoo" / "no 1.jpg").mkdir(parents=True)


NO_CLASSES = "bird_photos holds no class folders: put the pictures of each class into a folder of its name."
SUFFIXES = "(.bmp, .gif, .jpeg, .jpg, .png)"
NO_PICTURES = f"holds no pictures {SUFFIXES}: add some, or take the folder away."
NO_FORMAT = "is not a picture in a known format: save it as JPEG or PNG, or take it out of the folder."
BROKEN = "is damaged or cut short: save it again, as JPEG or PNG, or take it out of the folder."
LEADS_OUT = "is a link that leads out of the folder: put a copy in its place."
NOWHERE = "cannot be read (it is a link that leads nowhere): take it out of the folder."
REFUSALS = {
    empty: NO_CLASSES,
    loose: NO_CLASSES,
    one_class: "bird_photos holds one class only, 红嘴 相思鸟: to tell classes apart takes two or more.",
    without_pictures: f"bird_photos/Albatross {NO_PICTURES.replace(':', ', only 1 .txt:')}",
    of_another_kind: f"bird_photos/Albatross {NO_PICTURES.replace(':', ', only 1 .heic, 3 .webp:')}",
    folder_named_as_a_picture: f"bird_photos/Cockatoo {NO_PICTURES}",
    too_few: "bird_photos holds 4 pictures: it takes 5 or more to hold some out.",
    truncated: f"bird_photos/Cockatoo/no 3.jpg {BROKEN}",
    text: f"bird_photos/Cockatoo/no 3.jpg {NO_FORMAT}",
    tiff: f"bird_photos/Cockatoo/no 3.jpg {NO_FORMAT}",
    heic: "bird_photos/Cockatoo/no 3.jpg is a HEIC photo: set the phone's camera to Most Compatible, "
    "or save it as JPEG or PNG, or take it out of the folder.",
    without_end_mark: f"bird_photos/Cockatoo/no 3.jpg {BROKEN}",
    nothing: f"bird_photos/红嘴 相思鸟/no 3.jpg {NO_FORMAT}",
    file_outside: f"bird_photos/Cockatoo/link.jpg {LEADS_OUT}",
    class_outside: f"bird_photos/Kea {LEADS_OUT}",
    folder_outside: f"bird_photos/Cockatoo/more {LEADS_OUT}",
    broken_link: f"bird_photos/Cockatoo/link.jpg {NOWHERE}",
    circle: f"bird_photos/Cockatoo/link.jpg {NOWHERE}",
    pipe: "bird_photos/Cockatoo/pipe.jpg cannot be read (it is no file): take it out of the folder.",
}


@pytest.mark.parametrize("harm", REFUSALS, ids=lambda harm: harm.__name__)
def test_bad_folder_is_refused_in_one_sentence(place, harm):
    harm(place)
    with pytest.raises(CourseError) as caught:
        load("birds")
    assert str(caught.value) == REFUSALS[harm]
    assert caught.value.__context__ is None or caught.value.__suppress_context__

    result = run("verify", "birds")
    assert isinstance(result.exception, CourseError)
    assert REFUSALS[harm] in result.output
    for path in (place, place.parent):
        assert str(run("add", "birds", str(path)).exception) == REFUSALS[harm]
    assert not any(path.is_dir() for path in cache.folder().glob("birds/*"))


# The command line


def run(*words):
    return CliRunner().invoke(cli, words)


def test_add(place, monkeypatch, capsys):
    expected = by_file(load("birds"))
    place = place.rename(place.parent / "my photos")
    save(Image.new("RGB", (224, 224)), place.parents[1], "outside")
    (place / "notes.txt").write_text("mine")
    result = run("add", "birds", str(place))
    assert result.output == "birds: my photos added as bird_photos (unverified copy)\n"
    capsys.readouterr()
    shutil.rmtree(place)
    loaded = load("birds")
    assert capsys.readouterr().out == (
        "birds: 17 training and 4 test pictures from the cache (unverified copy); COURSE_DATA_DIR has no birds\n"
    )
    (path,) = loaded.source.paths
    assert path.parent == cache.folder() / "birds"
    found = by_file(loaded)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[file], expected[file]) for file in expected)
    assert not (path / "notes.txt").exists()


def test_add_from_inside_the_folder_and_again_with_other_pictures(place, monkeypatch):
    monkeypatch.chdir(place)
    assert "birds: bird_photos added" in run("add", "birds", ".").output
    first = sorted(path.name for path in cache.folder().glob("birds/bird_photos-*"))
    (place / "Cockatoo" / "no 0.jpg").unlink()
    assert "birds: bird_photos added" in run("add", "birds", "../bird_photos").output
    second = sorted(path.name for path in cache.folder().glob("birds/bird_photos-*"))
    assert (len(first), len(second), first != second) == (1, 1, True)


def test_add_mends_a_damaged_copy(place, monkeypatch):
    run("add", "birds", str(place))
    monkeypatch.delenv("COURSE_DATA_DIR")
    (path,) = load("birds").source.paths
    (path / "Cockatoo" / "no 0.jpg").write_bytes(b"")
    run("add", "birds", str(place))
    assert load("birds").source.paths == (path,)


def test_add_what_is_not_there(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"")
    for name in ("photo.jpg", "nowhere"):
        assert str(run("add", "birds", str(tmp_path / name)).exception).startswith(f"{name} is not a folder: name the")


def test_status_verify_and_fetch(place, monkeypatch):
    monkeypatch.setattr(catalogue, "SETS", {"birds": catalogue.SETS["birds"]})
    assert re.search(r"birds.*COURSE_DATA_DIR.*no .*│ 0\.0", run("status").output)
    assert run("verify").output == "birds: bird_photos (COURSE_DATA_DIR): unverified copy\n"
    run("add", "birds", str(place))
    monkeypatch.delenv("COURSE_DATA_DIR")
    assert re.search(r"birds.*│ cache .*no ", run("status").output)
    shutil.rmtree(cache.folder())
    few(monkeypatch)
    assert re.search(r"birds.*│ drawn .*no .*0\.0", run("status").output)
    load("birds")
    assert re.search(r"birds.*│ drawn .*no .*│ 0\.[1-9]", run("status").output)
    assert re.fullmatch(r"birds: bird_photos-drawn-\w{8}-\w{8} \(drawn\): intact\n", run("verify").output)

    result = run("fetch")
    assert result.output == "birds: not fetched, because no public address of the photos is known\n"
    assert result.exit_code == 0, "fetching all that can be fetched is no failure"
    assert "Not fetched: birds" in str(run("fetch", "birds").exception)
