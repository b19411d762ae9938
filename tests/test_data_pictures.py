"""A picture of one's own, in all the ways that cameras and programs write one."""

import re
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageChops

from course_utils.data import own_picture
from course_utils.errors import CourseError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def quarters():
    """60 x 60 pixels: red and green above, blue and white below."""
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:30, :30], picture[:30, 30:], picture[30:, :30], picture[30:, 30:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(picture)


def corners(picture):
    """The colours well inside the four quarters, row by row."""
    high, wide = picture.shape[0] // 8, picture.shape[1] // 8
    return [picture[y, x].tolist() for y in (high, -high) for x in (wide, -wide)]


def assert_quarters(picture, tolerance=0):
    assert (picture.shape, picture.dtype) == ((64, 64, 3), np.uint8)
    np.testing.assert_allclose(corners(picture), [RED, GREEN, BLUE, WHITE], atol=tolerance)


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("png", 0), ("bmp", 0), ("tiff", 0), ("gif", 0), ("webp", 60), ("jpg", 30)]
)
def test_formats(tmp_path, quarters, suffix, tolerance):
    quarters.save(tmp_path / f"me.{suffix}")
    assert_quarters(own_picture(tmp_path / f"me.{suffix}"), tolerance)
    assert_quarters(own_picture(str(tmp_path / f"me.{suffix}")), tolerance)


# How a camera would have stored the picture, so that each EXIF orientation brings it back upright.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("orientation", STORED)
def test_rotation_in_exif(tmp_path, quarters, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](np.asarray(quarters))))
    stored.save(tmp_path / "me.jpg", exif=exif, quality=95)
    assert_quarters(own_picture(tmp_path / "me.jpg"), tolerance=30)


def test_centre_is_kept_and_nothing_squeezed(tmp_path):
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = WHITE
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert own_picture(tmp_path / "wide.png")[:, 2:-2].min() == 255
    tall = own_picture(tmp_path / "wide.png", size=(20, 60))
    assert tall.shape == (20, 60, 3)
    np.testing.assert_array_equal(tall[10, [2, 30, 57], 0], [0, 255, 0])


def test_grey(tmp_path):
    Image.new("L", (90, 90), 100).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(own_picture(tmp_path / "grey.png"), np.full((64, 64, 3), 100))


def test_black_and_white(tmp_path):
    Image.new("1", (90, 90), 1).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(own_picture(tmp_path / "bits.png"), np.full((64, 64, 3), 255))


@pytest.mark.parametrize("suffix", ["png", "tiff", "pgm"])
def test_sixteen_bits(tmp_path, suffix):
    Image.fromarray(np.full((90, 90), 200 * 257, np.uint16)).save(tmp_path / f"deep.{suffix}")
    np.testing.assert_array_equal(own_picture(tmp_path / f"deep.{suffix}"), np.full((64, 64, 3), 200))


def mode(path):
    with Image.open(path) as image:
        return image.mode


def test_cmyk(tmp_path, quarters):
    quarters.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert mode(tmp_path / "print.jpg") == "CMYK"
    assert_quarters(own_picture(tmp_path / "print.jpg"), tolerance=30)


def test_cmyk_without_the_mark_of_adobe(tmp_path, quarters):
    """Only with that mark inks are stored inverted; TensorFlow reads such a file the same way."""
    import tensorflow as tf

    inks = ImageChops.invert(quarters.convert("CMYK"))  # as Pillow inverts them when it saves
    inks.save(tmp_path / "print.jpg", quality=95)
    content = (tmp_path / "print.jpg").read_bytes()
    start = content.index(b"\xff\xee")
    plain = content[:start] + content[start + 2 + int.from_bytes(content[start + 2 : start + 4], "big") :]
    (tmp_path / "plain.jpg").write_bytes(plain)
    assert b"Adobe" not in plain
    assert_quarters(own_picture(tmp_path / "plain.jpg"), tolerance=30)
    seen = tf.io.decode_image(plain, channels=3).numpy()
    np.testing.assert_allclose(corners(seen), [RED, GREEN, BLUE, WHITE], atol=30)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01broken",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",
    ],
    ids=["empty", "nothing in it", "cut short", "leads out", "orientation 99"],
)
def test_broken_exif_is_passed_over_without_a_word(tmp_path, quarters, exif):
    quarters.save(tmp_path / "me.jpg", exif=exif, quality=95)
    with warnings.catch_warnings(action="error"):
        assert_quarters(own_picture(tmp_path / "me.jpg"), tolerance=30)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO", "TIFF"])
def test_of_several_pictures_the_first(tmp_path, quarters, kind):
    """Animations, pages, and the two photos of cameras with two lenses, under whatever name."""
    others = [Image.new("RGB", quarters.size)] * 3
    options = {"WEBP": {"lossless": True}, "MPO": {"quality": 95}}.get(kind, {})
    quarters.save(tmp_path / "me", kind, save_all=True, append_images=others, **options)
    (tmp_path / "me").rename(tmp_path / "me.jpg")
    assert_quarters(own_picture(tmp_path / "me.jpg"), tolerance=30)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
def test_odd_proportions(tmp_path, size):
    Image.new("RGB", size, RED).save(tmp_path / "line.png")
    np.testing.assert_array_equal(own_picture(tmp_path / "line.png"), np.broadcast_to(RED, (64, 64, 3)))


def noise():
    return np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("lost", [1, 2])
def test_a_jpeg_that_lacks_its_end_mark_only_is_read(tmp_path, progressive, lost):
    Image.fromarray(noise()).save(tmp_path / "me.jpg", progressive=progressive)
    whole = own_picture(tmp_path / "me.jpg")
    (tmp_path / "me.jpg").write_bytes((tmp_path / "me.jpg").read_bytes()[:-lost])
    np.testing.assert_array_equal(own_picture(tmp_path / "me.jpg"), whole)


def test_palette(tmp_path, quarters):
    quarters.convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "few.png")
    assert mode(tmp_path / "few.png") == "P"
    assert_quarters(own_picture(tmp_path / "few.png"))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_transparent_parts_become_white(tmp_path, mode):
    """The left half is seen through, whatever colour lies beneath; the right half is black."""
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[:, 32:, 3] = 255
    if mode == "RGBA":
        picture[:, :32, :3] = RED
        Image.fromarray(picture).save(tmp_path / "seen.png")
    elif mode == "LA":
        Image.fromarray(picture).convert("LA").save(tmp_path / "seen.png")
    else:
        picture[:, :32, 0] = 255
        flat = Image.fromarray(picture[..., :3].copy())
        if mode == "P":
            flat = flat.quantize(2)
            clear = flat.getpixel((0, 0))
        flat.save(tmp_path / "seen.png", transparency=clear if mode == "P" else RED)
    with Image.open(tmp_path / "seen.png") as image:
        assert (image.mode, image.has_transparency_data) == (mode, True)
    seen = own_picture(tmp_path / "seen.png")
    assert seen[:, :32].min() == 255
    assert seen[:, 32:].max() == 0


def refusal(path):
    with pytest.raises(CourseError) as caught:
        own_picture(path)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))
    return str(caught.value)


def test_not_a_picture(tmp_path):
    (tmp_path / "text.jpg").write_text("I am no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("text.jpg", "empty.png"):
        assert refusal(tmp_path / name) == f"{name} is not a picture in a known format: save it as JPEG or PNG."
    assert "There is no file" in refusal(tmp_path / "nothing.jpg")
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_photo_that_pillow_cannot_read_is_named(tmp_path, brand):
    (tmp_path / "IMG_0001.jpg").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(200))
    assert refusal(tmp_path / "IMG_0001.jpg") == (
        "IMG_0001.jpg is a HEIC photo: set the phone's camera to Most Compatible, or save it as JPEG or PNG."
    )


@pytest.mark.parametrize(
    ("suffix", "options"),
    [("jpg", {}), ("jpg", {"progressive": True}), ("png", {}), ("gif", {}), ("bmp", {}), ("tiff", {}), ("webp", {})],
    ids=["jpg", "progressive", "png", "gif", "bmp", "tiff", "webp"],
)
def test_truncated(tmp_path, suffix, options):
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(noise()).save(path, **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert refusal(path) == f"cut.{suffix} is damaged or cut short: save it again, as JPEG or PNG."


@pytest.mark.parametrize("pixels", [(10_000, 10_000), (30_000, 30_000)])
def test_absurdly_large(tmp_path, pixels):
    """Few bytes that would unpack to gigabytes are refused before they are unpacked."""
    Image.new("1", (8, 8)).save(tmp_path / "bomb.png")
    content = bytearray((tmp_path / "bomb.png").read_bytes())
    content[16:24] = b"".join(side.to_bytes(4, "big") for side in pixels)
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(content)
    assert refusal(tmp_path / "bomb.png") == "bomb.png has more than 89 million pixels: save it smaller."
