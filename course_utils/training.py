"""Training: a word about how far it is, a look at what goes in, and checkpoints to go on from."""

import re
import time
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from course_utils.errors import CourseError
from course_utils.files import atomic


class Progress(keras.callbacks.Callback):
    """One line that is written anew each second and with each epoch: how far, how long, and the latest numbers.

    of: the name of an output, where a model has several: only its numbers are told.
    """

    EVERY = 1  # seconds

    def __init__(self, label="", of=None):
        super().__init__()
        self.label = f"{label}: " if label else ""
        self.of = of

    def on_train_begin(self, logs=None):
        self.started, self.line = time.monotonic(), ""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = f"epoch {epoch + 1}/{self.params['epochs']}"
        if not self.line:  # TensorFlow traces it, which at fifty layers takes ten seconds and more
            self._write(f"{self.epoch}, the first step takes longest")

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() - self.written >= self.EVERY:
            steps = self.params["steps"]
            self._write(f"{self.epoch}, step {batch + 1}" + (f"/{steps}" if steps else ""), logs)

    def on_epoch_end(self, epoch, logs=None):
        self._write(self.epoch, logs)

    def on_train_end(self, logs=None):
        print(f"\r{self.line}")  # without the spaces of _write

    def _write(self, place, logs=None):
        logs = logs or {}
        if self.of:  # val_main_accuracy -> val_accuracy, but nothing of main_2_accuracy
            found = {re.fullmatch(f"(val_)?{re.escape(self.of)}_([a-z]+)", name): value for name, value in logs.items()}
            logs = {(match[1] or "") + match[2]: value for match, value in found.items() if match}
        numbers = [f"{name} {value:.3f}" for name, value in logs.items() if name != "learning_rate"]
        self.written = time.monotonic()
        line = self.label + " - ".join([place, f"{self.written - self.started:.0f} s", *numbers])
        print(f"\r{line:<{len(self.line)}}", end="", flush=True)  # as long as the one before, to cover it
        self.line = line


class BatchStatistics(keras.callbacks.Callback):
    """Keeps what each batch of a training says to batch normalisation: the means and variances of its channels.

    norms: the normalisations of a built model, all of one momentum. The statistics are worked out after each step from
    how far the running averages moved. `start` is the averages before the training, `batches` one entry per step: lists
    of arrays, mean and variance of each normalisation in turn.
    """

    def __init__(self, norms):
        super().__init__()
        self.momentum = norms[0].momentum
        self.averages = [average for norm in norms for average in (norm.moving_mean, norm.moving_variance)]
        self.start, self.batches = self.now(), []
        self._last = self.start

    def now(self):
        """The running averages as they are, in the same order."""
        return [average.numpy() for average in self.averages]

    def put(self, values):
        """Give the running averages these values."""
        for average, value in zip(self.averages, values, strict=True):
            average.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        m, now = self.momentum, self.now()
        self.batches.append([(new - m * old) / (1 - m) for new, old in zip(now, self._last, strict=True)])
        self._last = now


def trace_once(model, x, y):
    """Build what compile leaves open, so that fit traces the training step once instead of twice.

    model: compiled and built. x, y: the pictures and labels that fit will see, y a list if there are several outputs;
    only their shapes and dtypes count. Keras makes the optimizer's and the metrics' variables inside the first step,
    which TensorFlow then has to trace again: at fifty layers seconds that bring nothing. Neither weights nor metrics
    are changed.
    """
    model.optimizer.build(model.trainable_variables)
    x, y = keras.tree.map_structure(lambda array: array[:1], (x, y))
    predicted = model(x)
    model.compute_loss(x, y, predicted)  # where there are several outputs, each has a metric of its own for its loss
    model.compute_metrics(x, y, predicted)
    model.reset_metrics()


def start_anew(model, make, seed):
    """Give a compiled model fresh weights and its optimizer a fresh state, so that nothing has to be compiled again.

    make: a function without arguments that makes another model of the same layers; its first weights are taken, which
    the seed decides, as it does what is random afterwards. The learning rate stays as it is.
    """
    keras.utils.set_random_seed(seed)
    model.set_weights(make().get_weights())
    optimizer = model.optimizer
    if optimizer.built:
        fresh = type(optimizer).from_config(optimizer.get_config())
        fresh.build(model.trainable_variables)
        for variable, value in zip(optimizer.variables, fresh.variables, strict=True):
            variable.assign(value)


def check_pictures(images, labels, classes):
    """Raise CourseError where a network for pictures in 0..255 and whole-number labels would learn nonsense.

    images: array (n, height, width, channels) of pixels in 0..255, uint8 or float. labels: array (n,) of whole numbers
    in 0..classes - 1. Keras itself trains without a word on pictures of another range, on a graphics card also on
    labels out of theirs.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4 or not len(images):
        raise CourseError(f"The pictures should be an array (n, height, width, channels), not of shape {images.shape}.")
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise CourseError("The labels are one-hot: give whole numbers, labels.argmax(axis=1).")
    if labels.shape != (len(images),):
        raise CourseError(f"{len(images)} pictures need labels of shape ({len(images)},), not {labels.shape}.")
    if labels.dtype.kind not in "iu":
        raise CourseError(f"The labels should be whole numbers, not {labels.dtype}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise CourseError(
            f"The labels go from {labels.min()} to {labels.max()}: of {classes} classes they are 0 to {classes - 1}."
        )
    lowest, highest = float(images.min()), float(images.max())
    if not (lowest >= 0 and highest <= 255):  # so that nan is refused, too
        raise CourseError(
            f"The pixels go from {lowest:.3g} to {highest:.3g} instead of 0 to 255: were they prepared already? "
            "This network does that itself."
        )
    if highest <= 1:
        raise CourseError(
            "The pixels lie between 0 and 1 instead of 0 and 255: leave out the division by 255, this network does "
            "its own."
        )


# A checkpoint holds all that a training needs to go on as if nothing had happened: the variables of the model (weights,
# running averages, the states of its random layers), those of the optimizer, and which steps of which epoch are done.


def save_checkpoint(path, model, optimizer, epoch, step):
    """Write the state of a training to the file `path` (NumPy's npz): the whole of it, or nothing.

    epoch: how many are complete. step: how many batches of the next one. Until the new file is complete the one before
    stays. Raises CourseError where it cannot be written.
    """
    arrays = {f"{i:05}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(model, optimizer))}
    try:
        with atomic(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, optimizer=type(optimizer).__name__, place=np.array([epoch, step]), **arrays)
    except OSError as error:
        raise CourseError(f"The checkpoint {Path(path).name} cannot be written: {error.strerror}.") from None


def load_checkpoint(path, model, optimizer):
    """Bring model and optimizer to the state in the file `path`; returns (epoch, step) as they were saved.

    Without such a file nothing happens, and (0, 0) comes back. Raises CourseError for a file that is damaged, or of
    another model or optimizer; model and optimizer are then as they were before.
    """
    path = Path(path)
    if not path.exists():
        return 0, 0
    variables = _variables(model, optimizer)
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            kind, (epoch, step) = str(file["optimizer"]), file["place"].tolist()
            arrays = [file[name] for name in sorted(file.files) if name.isdigit()]
    except OSError as error:
        raise CourseError(f"The checkpoint {path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise CourseError(f"{path.name} is no checkpoint, or damaged: move it away to begin anew.") from None
    own = type(optimizer).__name__
    shapes, own_shapes = [a.shape for a in arrays], [tuple(v.shape) for v in variables]
    if kind != own or shapes != own_shapes:
        which = f"the optimizer {kind}, not {own}" if kind != own else "another model"
        raise CourseError(f"The checkpoint {path.name} is of {which}: give this training a file of its own.")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return epoch, step


def _variables(model, optimizer):
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    return [*model.variables, *optimizer.variables]
