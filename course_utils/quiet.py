"""Keras and TensorFlow as the course uses them: `from course_utils.quiet import keras, tf`.

TensorFlow writes start-up messages past Python, to the process's standard error, before it can be told not to; later
ones, such as the search for a graphics card that is not there, are switched off by its own variable. What goes wrong
still raises.

Keras runs on TensorFlow and with its usual settings, whatever variables and ~/.keras/keras.json say, which may be of
another course. Whoever wants another backend for the networks imports Keras first.
"""

import logging
import os
import sys

from course_utils.environment import for_keras
from course_utils.errors import CourseError

_first = "keras" not in sys.modules
if _first:
    for_keras(os.environ)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.stderr.flush()
_stderr = os.dup(2)
with open(os.devnull, "wb") as _nowhere:
    os.dup2(_nowhere.fileno(), 2)
try:
    import keras
    import tensorflow as tf
except ValueError as error:
    if "configuration" not in str(error):
        raise
    raise CourseError(
        f"Keras cannot use its file keras.json, which is in the folder .keras of your home: {error} Take that file "
        "away, and Keras writes a new one."
    ) from None
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice on retracing, in every notebook with two models
if _first:
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)

__all__ = ["keras", "tf"]
