"""A picture of one's own, made ready for a network."""

import io
import os
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from course_utils.errors import CourseError

HEIC = b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"  # how the phones' photos begin

OWN = Path(__file__).with_name("own")  # pictures that stand in for the reader's


def own_picture(path, size=(64, 64)):
    """Read a picture file as the course's pictures are: uint8, shape (*size, 3), size = (height, width).

    The largest centred part with the proportions of `size` is kept, so that nothing is squeezed. A rotation noted by
    the camera (EXIF) is carried out; transparent parts become white; greyscale, 16 bits, palettes and CMYK become RGB.
    A name that is not found is looked up among the course's own pictures, too. Raises CourseError where there is no
    picture, or none that can be read.
    """
    path = Path(path)
    if not os.path.exists(path) and os.path.exists(OWN / path.name):
        path = OWN / path.name
    if not os.path.exists(path):
        raise CourseError(f"There is no file {path}: check its name and its folder.")
    if os.path.isdir(path):
        raise CourseError(f"{path} is a folder: name one picture in it.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    return read(_completed(content), size, path.name)


def read(content, size, label, or_else="", formats=None):
    """Read a picture as `own_picture` does, from the bytes of a file that messages call `label`.

    or_else: what else there is to do about a bad one, the end of a sentence; formats: Pillow's names, None for all.
    """
    height, width = size
    try:
        with warnings.catch_warnings(action="ignore"):  # such as those about broken EXIF
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=formats) as image:
                if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
                    image = ImageChops.invert(image)  # only Adobe's programs store inks inverted; Pillow expects it
                return np.array(ImageOps.fit(_rgb(ImageOps.exif_transpose(image)), (width, height)))
    except UnidentifiedImageError:
        if content[4:8] == b"ftyp" and content[8:12] in HEIC:
            sentence = f"{label} is a HEIC photo: set the phone's camera to Most Compatible, or save it as JPEG or PNG"
        else:
            sentence = f"{label} is not a picture in a known format: save it as JPEG or PNG"
        raise CourseError(f"{sentence}{or_else}.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = Image.MAX_IMAGE_PIXELS // 1_000_000
        raise CourseError(f"{label} has more than {limit} million pixels: save it smaller{or_else}.") from None
    except Exception:  # each format has its own ways to fail on broken bytes
        raise CourseError(f"{label} is damaged or cut short: save it again, as JPEG or PNG{or_else}.") from None


def _completed(content):
    """The content of a file; of a JPEG that lacks nothing but its end mark, with that mark.

    Nothing but that is missing when it makes no difference what stands before the mark.
    """
    if content.startswith(b"\xff\xd8") and not content.endswith(b"\xff\xd9"):
        tries = [content + more + b"\xff\xd9" for more in (b"", bytes(range(1, 128)))]
        with suppress(Exception), warnings.catch_warnings(action="error"):
            first, second = (np.asarray(Image.open(io.BytesIO(one))) for one in tries)
            if np.array_equal(first, second):
                return tries[0]
    return content


def _rgb(image):
    """Any picture as 8-bit RGB."""
    if image.mode == "I" or image.mode.startswith("I;16"):  # 16 bits a pixel; convert() would clip at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
