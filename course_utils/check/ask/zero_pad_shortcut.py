"""What is asked of zero_pad_shortcut: its result for tensors, and as a step of a model."""

import keras
import numpy as np

from course_utils.check import evidence
from course_utils.check.ask.models import call_alone, spelling
from course_utils.networks import resnet

PROBES = (  # shape of X, filters, s
    ((2, 6, 8, 3), 8, 2),
    ((2, 7, 5, 2), 7, 2),
    ((2, 7, 8, 3), 4, 3),
    ((1, 4, 5, 3), 5, 1),
    ((2, 4, 6, 4), 4, 2),
)
HIDDEN = (((3, 9, 10, 1), 4, 4), ((1, 1, 3, 3), 6, 2), ((2, 8, 8, 16), 64, 2))
TOO_FEW = (2, 4, 4, 5), 3, 2


def ask(answer, hidden=False, seed=0):
    """Evidence: for each probe the call on a tensor and in a model, and a call with fewer filters than channels."""
    probes = [_probe(answer, *probe, seed) for probe in _probes(hidden)]
    shape, *rest = TOO_FEW
    _, fewer = evidence.call(answer, _offered(answer, keras.ops.convert_to_tensor(picture(shape, seed)), *rest))
    return {"seed": seed, "probes": probes, "fewer": fewer}


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it."""
    return {"seed": seed, "probes": [{"probe": _told(*probe)} for probe in _probes(hidden)]}


def _probes(hidden):
    return *PROBES, *(HIDDEN if hidden else ())


def _told(shape, filters, s):
    return [list(shape), filters, s]


def picture(shape, seed):
    """Numbers, half of them negative, none of them zero and no two equal: a float32 array."""
    rng = np.random.default_rng([seed, *shape])
    numbers = rng.permutation(np.arange(1, np.prod(shape) + 1)) * rng.choice([-1, 1], np.prod(shape))
    return (numbers / 8).reshape(shape).astype("float32")


def _offered(answer, X, filters, s):
    return {"X": X, "filters": filters, spelling(answer, "s", "stride", "strides"): s}


def _probe(answer, shape, filters, s, seed):
    x = picture(shape, seed)
    offered = _offered(answer, keras.ops.convert_to_tensor(x), filters, s)
    y, call = call_alone(answer, offered, [resnet.zero_pad_shortcut])
    found = {"probe": _told(shape, filters, s), "tensor": call}
    if call["outcome"] != "returned":
        return found
    if call["kind"] in ("tensor", "array"):
        call |= {"y": keras.ops.convert_to_numpy(y), "dtype": keras.backend.standardize_dtype(y.dtype)}

    def step(X):
        args, kwargs, _ = evidence.arguments(answer, _offered(answer, X, filters, s))
        return answer(*args, **kwargs)

    def in_model(step):
        inputs = keras.Input(shape[1:])
        model = keras.Model(inputs, step(inputs))
        return {"parameters": model.count_params(), "y": evidence.outputs(model, x)[0]}

    found["model"], attempt = evidence.attempt(in_model, step)
    if found["model"] is None:  # TensorFlow's own functions refuse a symbolic tensor, but for inside a layer
        found["model_problem"] = attempt
        found["layer"], _ = evidence.attempt(in_model, keras.layers.Lambda(step))
    return found
