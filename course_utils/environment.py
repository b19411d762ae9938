"""The environment in which the course runs Keras: quiet, on TensorFlow, and with its usual settings."""

import importlib.util
import logging
import os
import platform
import sys
import warnings
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from importlib.abc import MetaPathFinder

NOT_OURS = "TF_USE_LEGACY_KERAS", "KERAS_NNX_ENABLED", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"


def for_keras(environ):
    """Change the variables that Keras reads when it is imported: another course may have set them."""
    environ["KERAS_BACKEND"] = "tensorflow"
    environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # such as the search for a graphics card that is not there
    if platform.machine() in ("x86_64", "AMD64"):  # by itself TensorFlow takes oneDNN on processors with AVX-512 only,
        environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # and without either a ResNet50 trains at 0.4 of the speed
    for name in NOT_OURS:
        environ.pop(name, None)


def quietly(meanwhile=nullcontext):
    """From now on, whoever imports Keras or TensorFlow in this process gets them as `course_utils.quiet` does.

    meanwhile: makes the context manager in which they are imported, which takes seconds.
    """
    if not {"keras", "tensorflow"} & {*sys.modules}:
        for_keras(os.environ)
        sys.meta_path.insert(0, _Quiet(meanwhile))


@contextmanager
def silent():
    """Inside, nothing reaches the process's standard error.

    TensorFlow writes its first messages past Python, before it can be told not to. What goes wrong still raises.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def quiet():
    """Inside, prints and warnings go nowhere."""
    with (
        open(os.devnull, "w", encoding="utf-8", errors="replace") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def usual_settings():
    """Undo what ~/.keras/keras.json says, which may be of another course."""
    import keras

    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # advice on retracing, in every notebook with two models


class _Quiet(MetaPathFinder):
    """Finds Keras or TensorFlow once, whichever is imported first, and imports it silently."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def find_spec(self, name, path, target=None):
        if name not in ("keras", "tensorflow"):
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            with self.meanwhile(), silent():
                execute(module)
                import keras  # noqa: F401
            usual_settings()

        spec.loader.exec_module = exec_module
        return spec
