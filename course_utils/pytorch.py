"""PyTorch, which the course does not install by itself: `from course_utils.pytorch import torch`.

Raises CourseError where it is missing, so that a notebook says in its first cell what to type.
"""

import os

from course_utils.errors import CourseError

# Its threads would else keep the processor busy while they wait for one another: on a machine that has something else
# to do, as with TensorFlow's threads in the same kernel, a step then takes several times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise CourseError(
        "This notebook needs PyTorch: type `make torch` in the course's folder, "
        "or .venv/bin/pip install -r requirements-torch.txt, and restart the kernel."
    ) from None

__all__ = ["torch"]
