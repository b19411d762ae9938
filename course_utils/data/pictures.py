"""A picture of one's own, made ready for a network."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils.errors import CourseError
from course_utils.files import IMAGES


def own_picture(path, size=(64, 64)):
    """Read a picture file as the course's pictures are: uint8, shape (*size, 3), size = (height, width).

    The largest centred part with the proportions of `size` is kept, so that nothing is squeezed. A rotation noted by
    the camera (EXIF) is carried out; transparent parts become white; greyscale, 16 bits, palettes and CMYK become RGB.
    A name that is not found is looked up among the course's own pictures, too. Raises CourseError where there is no
    picture, or none that can be read.
    """
    path = Path(path)
    if not os.path.exists(path) and os.path.exists(IMAGES / path.name):
        path = IMAGES / path.name
    if not os.path.exists(path):
        raise CourseError(f"There is no file {path}: check its name and its folder.")
    if os.path.isdir(path):
        raise CourseError(f"{path} is a folder: name one picture in it.")
    return read(path, size, path.name)


def read(file, size, label, or_else="", formats=None):
    """Read a picture as `own_picture` does, from a path or an open file that messages call `label`.

    or_else: what else there is to do about a bad one, the end of a sentence; formats: Pillow's names, None for all.
    """
    height, width = size
    try:
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            Image.open(file, formats=formats) as image,
        ):
            image = ImageOps.exif_transpose(image)
            return np.array(ImageOps.fit(_rgb(image), (width, height)))
    except UnidentifiedImageError:
        raise CourseError(f"{label} is not a picture in a known format: save it as JPEG or PNG{or_else}.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = Image.MAX_IMAGE_PIXELS // 1_000_000
        raise CourseError(f"{label} has more than {limit} million pixels: save it smaller{or_else}.") from None
    except Exception:  # each format has its own ways to fail on broken bytes
        raise CourseError(f"{label} is damaged or cut short: save it again, as JPEG or PNG{or_else}.") from None


def _rgb(image):
    """Any picture as 8-bit RGB."""
    if image.mode == "I" or image.mode.startswith("I;16"):  # 16 bits a pixel; convert() would clip at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
