"""Where ResNet101V2's ImageNet weights come from: a folder of one's own, Keras's cache, the network, or nowhere."""

import hashlib
import os
from pathlib import Path

from course_utils.errors import CourseError

# As keras.applications has them: keras/src/applications/resnet.py.
NAME = "resnet101v2_weights_tf_dim_ordering_tf_kernels_notop.h5"
ADDRESS = f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{NAME}"
MD5 = "c0ed64b8031c3730f411d2eb4eea35b5"

PATIENCE = 1.5, 10.0  # seconds for a connection, and for the next bytes


def imagenet_weights():
    """The path of the file with ResNet101V2's ImageNet weights, without its top, or None where it cannot be had.

    Looks in the folder COURSE_WEIGHTS_DIR, in Keras's cache (KERAS_HOME, else ~/.keras) and in the network (unless
    COURSE_OFFLINE=1; 170 MB, kept in that cache), and prints one line that says which of them it was. Whatever it
    returns has the published checksum. Raises CourseError where COURSE_WEIGHTS_DIR is no folder or holds another file
    under that name.
    """
    path, words = _in_folder() or _kept() or _downloaded()
    print(f"ImageNet weights of ResNet101V2: {words}")
    return path


def _in_folder():
    named = os.environ.get("COURSE_WEIGHTS_DIR")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise CourseError("COURSE_WEIGHTS_DIR names no folder: make it, or take the variable away.")
    path = folder / NAME
    if not path.exists():
        return None
    try:
        right = _is_published(path)
    except OSError as error:
        raise CourseError(f"{NAME} in COURSE_WEIGHTS_DIR cannot be read: {error.strerror}.") from None
    if not right:
        raise CourseError(
            f"{NAME} in COURSE_WEIGHTS_DIR is not the published file, or not all of it (its md5 is not {MD5}): "
            f"download it again from {ADDRESS}."
        )
    return path, "from COURSE_WEIGHTS_DIR (verified)"


def _kept():
    path = _cache() / NAME
    if path.is_file() and _is_published(path):
        return path, "from Keras's cache (verified)"
    return None


def _downloaded():
    from course_utils.data import network  # which brings requests and more, only where it is asked for

    note = f"; COURSE_WEIGHTS_DIR has no {NAME}" if os.environ.get("COURSE_WEIGHTS_DIR") else ""
    if network.offline():
        return None, f"none, because COURSE_OFFLINE is set{note}"
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    fetch = pooch.HTTPDownloader(progressbar=True, chunk_size=1 << 16, timeout=PATIENCE)
    try:
        network.find_somebody(ADDRESS)
        path = pooch.retrieve(ADDRESS, f"md5:{MD5}", fname=NAME, path=_cache(), downloader=fetch)
    except network.Unavailable as error:
        why = error
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
        why = "the download broke off"
    except requests.RequestException as error:
        why = network.explained(error, NAME, ADDRESS)
    except ValueError:  # pooch's word for a wrong checksum; it has thrown away what came
        why = "the download has a wrong checksum"
    except OSError as error:
        why = f"the download cannot be kept ({error.strerror})"
    else:
        return Path(path), f"from the network (verified){note}"
    return None, f"none, because {why}{note}"


def _cache():
    """Where keras.applications keeps its weights."""
    home = os.path.expanduser("~")
    home = "/tmp" if home == "~" else home  # of users whom the machine does not know, as in some containers
    return Path(os.environ.get("KERAS_HOME") or Path(home, ".keras")).expanduser() / "models"


def _is_published(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == MD5
