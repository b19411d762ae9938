"""Keras and TensorFlow without the latter's start-up messages: `from course_utils.quiet import keras, tf`.

TensorFlow writes them past Python, to the process's standard error, before it can be told not to; later ones, such as
the search for a graphics card that is not there, are switched off by its own variable. What goes wrong still raises.
"""

import logging
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.stderr.flush()
_stderr = os.dup(2)
with open(os.devnull, "wb") as _nowhere:
    os.dup2(_nowhere.fileno(), 2)
try:
    import keras
    import tensorflow as tf
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice on retracing, in every notebook with two models

__all__ = ["keras", "tf"]
