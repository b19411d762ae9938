"""The numbers of a model: rebuilt from its config, its weights set from their shape and role, its outputs compared.

Two models of the same architecture give the same numbers, whatever their layers are called and in whatever order
their weights were made; nothing of the answer's own (code, custom objects, initial weights) is needed or used.
"""

import json
import re
import zlib
from functools import partial

from course_utils.check.graph import Ref, Trace, UnreadableConfig, refs, trace

MAX_PARAMS = 60_000_000
MAX_ACTIVATIONS = 100_000_000  # numbers in all feature maps together, one picture; ResNet50 at 224x224 has 36 million
MAX_MULTIPLICATIONS = 20_000_000_000  # one picture; ResNet50 at 224x224 takes 3.9 thousand million
EPSILON = 1e-3  # of every normalisation: any that the answer chose is right

LAYERS = """
    InputLayer Conv1D Conv2D DepthwiseConv2D SeparableConv2D Conv2DTranspose Dense BatchNormalization LayerNormalization
    GroupNormalization Activation ReLU LeakyReLU PReLU ELU Softmax ZeroPadding2D Cropping2D UpSampling2D MaxPooling2D
    AveragePooling2D GlobalAveragePooling2D GlobalMaxPooling2D Flatten Reshape Permute Dropout SpatialDropout2D
    GaussianNoise GaussianDropout AlphaDropout Add Subtract Multiply Average Maximum Minimum Concatenate Identity
    Rescaling RandomFlip RandomRotation RandomTranslation RandomZoom RandomContrast RandomBrightness RandomCrop
    ActivityRegularization
""".split()  # noqa: SIM905
OPS = """
    Add Subtract Multiply Divide TrueDivide Maximum Minimum Negative Absolute Square Sqrt Exp Log Power Relu Relu6
    LeakyRelu Elu Selu Gelu Silu Sigmoid HardSigmoid Tanh Softplus Softsign Softmax LogSoftmax Pad GetItem Concatenate
    Stack Mean Max Min Sum MaxPool AveragePool Reshape Transpose Squeeze ExpandDims Flip Cast ConvertToTensor ZerosLike
""".split()  # noqa: SIM905
ARITHMETIC = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide")  # with an array of numbers, too
ACTIVATIONS = """
    linear relu relu6 leaky_relu elu selu gelu silu celu mish tanh sigmoid hard_sigmoid softplus softsign softmax
    log_softmax exponential
""".split()  # noqa: SIM905

ROLES = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "depthwise_kernel", "pointwise_kernel")
LAST = {"softmax", "sigmoid", "log_softmax", "Softmax", "Sigmoid", "LogSoftmax"}


class CannotRebuild(Exception):
    """A model that is judged by its behaviour instead; the message completes "it cannot be rebuilt: ..."."""


class TooLarge(CannotRebuild):
    """A model beyond the bounds, found before anything was allocated."""


def rebuild(config, max_params=MAX_PARAMS, before_softmax=False, seed=None):
    """Build a keras.Model from a config (a JSON string, `to_json()` as a dict, or `get_config()`), or from a Trace.

    Only built-in layers and operations are made (LAYERS, OPS); names, initializers, regularizers, constraints, dtypes
    and `training` arguments are dropped, every normalisation gets EPSILON. before_softmax leaves out a softmax or
    sigmoid at an output. Weights start at zero, or as `seed_weights` sets them. Raises CannotRebuild, or TooLarge
    before anything is allocated.
    """
    import keras

    try:
        found = config if isinstance(config, Trace) else trace(config)
        if before_softmax:
            found = _without_last_activation(found)
        with keras.StatelessScope(initialize_variables=False):  # in it, weights have a shape and no memory yet
            model = _build(found, max_params)
        drawn = {} if seed is None else _drawn(model, seed)
        for variable in model.variables:
            if id(variable) in drawn:
                variable._initializer = partial(_given, keras.ops.convert_to_tensor(drawn[id(variable)]))
            variable._deferred_initialize()
        return model
    except CannotRebuild:
        raise
    except UnreadableConfig as error:
        raise CannotRebuild(str(error)) from error
    except Exception as error:  # whatever Keras says of a config that no working model can have
        raise CannotRebuild(f"Keras refuses it ({_first_line(error)})") from error
    finally:
        _forget_uninitialized()


def outputs(config, x, seed=0, before_softmax=True, max_params=MAX_PARAMS, training=False):
    """What a model of this config computes from x with weights set from `seed`.

    x: an array (batch, ...), or a list of them for several inputs. Returns a list of float32 arrays, one an output.
    Convolutions get no bias: before a batch normalisation answers rightly have one or not, and elsewhere the number of
    parameters tells. Raises CannotRebuild as `rebuild` does, and if x does not fit.
    """
    import keras
    import numpy as np

    model = rebuild(config, max_params, before_softmax, seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D) and layer.use_bias:
            layer.bias.assign(np.zeros(layer.bias.shape, "float32"))
    try:
        result = model(x, training=training)
    except Exception as error:
        raise CannotRebuild(f"it does not take the probe ({_first_line(error)})") from error
    return [np.asarray(y) for y in (result if isinstance(result, list | tuple) else [result])]


def seed_weights(model, seed=0):
    """Set every weight of a built model or layer from `seed`, its shape and its role (kernel, gamma, ...).

    Kernels keep the variance through the depth (He et al. 2015); gamma and moving_variance lie around one, biases,
    beta and moving_mean around zero, and none of them is one or zero. Weights of equal shape and role are equal, so
    that the order in which they were made does not matter. What this cannot tell apart (one layer called twice from
    two equal layers) the number of parameters and the graph can.
    """
    drawn = _drawn(model, seed)
    for weight in model.weights:
        if id(weight) in drawn:
            weight.assign(drawn[id(weight)])


def agree(answer, reference, tolerance=1e-4):
    """Are two lists of arrays the same, up to `tolerance` of the reference's largest value?"""
    import numpy as np

    def same(a, b):
        return a.shape == b.shape and bool(np.all(np.abs(a - b) <= tolerance * max(np.abs(b).max(initial=0), 1e-6)))

    return len(answer) == len(reference) and all(same(a, b) for a, b in zip(answer, reference, strict=True))


def _drawn(model, seed):
    """{id of a weight: its numbers}, without the states of random generators."""
    weights = [weight for weight in model.weights if str(weight.dtype).startswith("float")]
    keys = {(_role(weight), tuple(weight.shape)) for weight in weights}
    numbers = {key: draw(*key, seed) for key in keys}
    return {id(weight): numbers[_role(weight), tuple(weight.shape)] for weight in weights}


def _given(value, shape, dtype=None):
    """An initializer that gives this value."""
    return value


def _role(weight):
    if weight.name in ROLES:
        return weight.name
    return "kernel" if len(weight.shape) > 1 else "bias"


def draw(role, shape, seed):
    import numpy as np

    rng = np.random.default_rng([seed, zlib.crc32(role.encode()), *shape])
    if role in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape).astype("float32")
    count = int(np.prod(shape))
    values = np.resize(rng.standard_normal(min(count, DRAWN), dtype="float32"), shape)
    if not role.endswith("kernel"):
        return 0.5 * values
    fan_in = np.prod(shape[:2] if role == "depthwise_kernel" else shape[:-1])
    return values * np.float32(np.sqrt(2 / max(fan_in, 1)))


DRAWN = 99_991  # random numbers are enough for a weight: a larger one repeats them. A prime, so that no two rows agree


def nameless(config):
    """A config as text, without what changes no number: models of equal texts give equal numbers for equal weights.

    Raises CannotRebuild or UnreadableConfig for settings that are not plain data.
    """
    found, layers = trace(config), {}

    def written(value):
        if isinstance(value, Ref):
            return {"ref": [value.call, value.output]}
        if isinstance(value, dict):
            return {key: written(item) for key, item in value.items() if key not in ("training", "mask")}
        return [written(item) for item in value] if isinstance(value, list | tuple) else value

    def settings(call):
        kept = (
            _plain(call.config, call.kind) if call.kind != "InputLayer" else {"shape": call.config.get("batch_shape")}
        )
        return {key: value for key, value in kept.items() if key not in ("epsilon", "momentum")}

    calls = [
        [
            call.family,
            call.kind,
            settings(call),
            written(call.args),
            written(call.kwargs),
            layers.setdefault(call.layer, i),
        ]
        for i, call in enumerate(found.calls)
    ]
    return json.dumps([calls, written(found.inputs), written(found.outputs)], sort_keys=True)


def _without_last_activation(found):
    """The trace with a softmax or sigmoid at an output left out."""
    calls, outputs = list(found.calls), list(found.outputs)
    for position, ref in enumerate(outputs):
        call = calls[ref.call]
        activation = call.config.get("activation")
        if isinstance(activation, dict):
            activation = activation.get("class_name")
        if call.kind in LAST or (call.kind == "Activation" and activation in LAST):
            outputs[position] = next(refs(call.args))
        elif isinstance(activation, str) and activation in LAST:
            calls[ref.call] = type(call)(**{**vars(call), "config": {**call.config, "activation": "linear"}})
    return type(found)(calls, found.inputs, outputs)


def _build(found, max_params):
    import keras

    layers, tensors = {}, []
    params = activations = multiplications = 0
    for call in found.calls:
        args = _fill(call.args, tensors)
        kwargs = {k: _fill(v, tensors) for k, v in call.kwargs.items() if k not in ("training", "mask")}
        if call.kind == "InputLayer":
            shape = call.config.get("batch_shape") or [None]
            result = keras.Input(shape=shape[1:])
        elif call.family == "layers":
            first = call.layer not in layers
            if first:
                layers[call.layer] = _layer(call.kind, call.config)
            layer = layers[call.layer]
            result = layer(*args, **kwargs)
            params += layer.count_params() if first else 0
            multiplications += _multiplications(layer, result)
        else:
            args = [_numbers(arg) if call.kind in ARITHMETIC else arg for arg in args]
            result = _operation(call)(*args, **_plain(call.config, call.kind), **kwargs)
        result = result if isinstance(result, list | tuple) else [result]
        tensors.append(result)
        activations += sum(_size(tensor) for tensor in result)
        if params > max_params:
            raise TooLarge(f"it has more than {max_params:,} parameters")
        if activations > MAX_ACTIVATIONS:
            raise TooLarge(f"its feature maps have more than {MAX_ACTIVATIONS:,} numbers")
        if multiplications > MAX_MULTIPLICATIONS:
            raise TooLarge(f"one picture takes more than {MAX_MULTIPLICATIONS:,} multiplications")
    inputs, outputs = (_fill(refs, tensors) for refs in (found.inputs, found.outputs))
    return keras.Model(*(tensors[0] if len(tensors) == 1 else tensors for tensors in (inputs, outputs)))


def _layer(kind, config):
    import keras

    if kind not in LAYERS:
        raise CannotRebuild(f"{kind} is not one of the layers that can be rebuilt")
    settings = _plain(config, kind)
    if "epsilon" in settings:
        settings["epsilon"] = EPSILON
    if settings.get("activation") is not None:
        settings["activation"] = _activation(settings["activation"])
    return getattr(keras.layers, kind)(**settings)


def _activation(spec):
    """An activation by its name, or the layer that stands in its place (`Dense(3, activation=LeakyReLU())`)."""
    if isinstance(spec, str) and spec in ACTIVATIONS:
        return spec
    if isinstance(spec, dict) and spec.get("module") == "keras.layers":
        return _layer(spec.get("class_name"), spec.get("config"))
    raise CannotRebuild(f"its activation {_first_line(spec)} is not a built-in one")


def _operation(call):
    import keras

    if call.family == "ops" and call.kind == "GetItem":
        return lambda x, key: x[tuple(key) if isinstance(key, list) else key]
    if call.family == "ops" and call.kind in OPS:
        return getattr(keras.ops, re.sub(r"(?<!^)(?=[A-Z])", "_", call.kind).lower())
    if call.family == "activations" and call.kind == "ReLU":
        return keras.activations.relu
    raise CannotRebuild(f"{call.kind} is not one of the layers that can be rebuilt")


DROPPED = re.compile(r"(name|trainable|dtype|seed|synchronized|(\w+_)?(regularizer|constraint))$")


def _plain(config, kind):
    """The settings of a layer that are plain data, without those that change no number."""
    settings = {key: value for key, value in config.items() if not DROPPED.match(key)}
    for key, value in settings.items():
        if key.endswith("_initializer"):
            settings[key] = value = "zeros"
        if key != "activation" and not _is_plain(value):
            raise CannotRebuild(f"{kind} has a setting that is not plain data ({key})")
    return settings


def _is_plain(value):
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)


def _fill(value, tensors):
    if isinstance(value, Ref):
        return tensors[value.call][value.output]
    return [_fill(item, tensors) for item in value] if isinstance(value, list) else value


def _numbers(value):
    """A list of numbers (an array in the config) as an array, anything else as it is."""
    import numpy as np

    return np.array(value, "float32") if isinstance(value, list) and _is_plain(value) else value


def _size(tensor):
    size = 1
    for length in tensor.shape:
        size *= length or 1
    return size


def _multiplications(layer, result):
    kernels = [w for w in layer.weights if "kernel" in w.name]
    if not kernels or isinstance(result, list | tuple):
        return 0
    return sum(_size(w) for w in kernels) * _size(result) // max(result.shape[-1] or 1, 1)


def _forget_uninitialized():
    """Keras keeps a list of weights that were made without memory; one left there would be allocated later."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("uninitialized_variables", [])


def _first_line(error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
