"""A layer or model of a student's own as a functional model: what it calls inside, read on a symbolic tensor.

Keras takes such a layer for one operation. Here its `call` runs on a symbolic tensor, and so does that of each layer
inside that holds others, until only layers and operations of Keras are left.
"""

import inspect
from contextlib import contextmanager

import keras
import tensorflow as tf

from course_utils.check.ask.block import renamed


def functional(layer, shape):
    """The keras.Model of what a layer or model does with pictures of `shape` (batch, height, width, channels).

    Whatever `call` raises on a symbolic tensor passes through. Layers of one name get names of their own.
    """
    x = keras.Input(shape[1:])
    if not layer.built:
        layer(x)
    with _opened():
        y = layer(x)
    renamed(y)
    return keras.Model(x, y)


@contextmanager
def _opened():
    """Inside, whatever holds layers runs its own `call`; TensorFlow's functions stand for those of keras.ops."""
    original = keras.layers.Layer.__call__

    def call(self, *args, **kwargs):
        composed = isinstance(self, keras.Model) or not type(self).__module__.startswith("keras.")
        if not composed or not _symbolic([args, kwargs]):
            return original(self, *args, **kwargs)
        signature = inspect.signature(self.call)
        if "training" in signature.parameters and "training" not in signature.bind_partial(*args, **kwargs).arguments:
            kwargs["training"] = None  # nobody has said yet: a default value would speak for the layers inside
        return self.call(*args, **kwargs)

    keras.layers.Layer.__call__, _tensorflow.active = call, True
    try:
        yield
    finally:
        keras.layers.Layer.__call__, _tensorflow.active = original, False


def _symbolic(values):
    return any(isinstance(value, keras.KerasTensor) for value in keras.tree.flatten(values))


SAME = """
    relu relu6 elu selu leaky_relu sigmoid tanh softplus softmax add subtract multiply maximum minimum pad
""".split()  # noqa: SIM905
OF_KERAS = {name: name for name in SAME} | {
    "concat": "concatenate",
    "identity": "convert_to_tensor",
    "reduce_max": "max",
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "swish": "silu",
}


class _TensorFlow(tf.__internal__.dispatch.GlobalOpDispatcher):
    """Hands symbolic tensors, which functions of TensorFlow do not take, to those of keras.ops that do the same."""

    active = False

    def handle(self, op, args, kwargs):
        name = OF_KERAS.get(getattr(op, "__name__", "").removesuffix("_v2")) if self.active else None
        if name is None or not _symbolic([args, kwargs]):
            return self.NOT_SUPPORTED
        given = inspect.signature(op).bind(*args, **kwargs).arguments  # by place: names of arguments differ
        return getattr(keras.ops, name)(*(value for key, value in given.items() if key != "name"))


_tensorflow = _TensorFlow()
_tensorflow.register()
