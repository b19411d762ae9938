"""Keras and TensorFlow as the course uses them: `from course_utils.quiet import keras, tf`.

Without TensorFlow's start-up messages, with Keras on TensorFlow and with its usual settings, whatever variables and
~/.keras/keras.json say, which may be of another course. Whoever wants another backend for the networks imports Keras
first.
"""

import os
import sys

from course_utils.environment import for_keras, silent, usual_settings
from course_utils.errors import CourseError

_first = "keras" not in sys.modules
if _first:
    for_keras(os.environ)
try:
    with silent():
        import keras
        import tensorflow as tf
except ValueError as error:
    if "configuration" not in str(error):
        raise
    raise CourseError(
        f"Keras cannot use its file keras.json, which is in the folder .keras of your home: {error} Take that file "
        "away, and Keras writes a new one."
    ) from None
if _first:
    usual_settings()

__all__ = ["keras", "tf"]
