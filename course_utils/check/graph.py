"""The graph of a model, read from its config: plain data in, no Keras needed.

`trace` lists the calls that a config describes; `canonical` writes them in one way, whichever of the many right ways
they were written in. A config is what `model.to_json()` or `model.get_config()` gives for a functional or Sequential
model. It may come from a stranger's file, so nothing in it is imported, called or trusted here: it is only read.
"""

import json
import math
from dataclasses import dataclass, field, replace
from hashlib import sha256

MAX_CALLS = 3000  # of layers and operations; ResNet-152 has about 520

MAX_BRANCHES = 64  # that concatenations of concatenations are read as; nested ones multiply

MODELS = ("Functional", "Sequential", "Model")


class UnreadableConfig(Exception):
    """A config that is not that of a functional or Sequential model; the message is the second half of a
    sentence ("... because `message`")."""


@dataclass(frozen=True)
class Ref:
    """A tensor: output number `output` of call number `call`."""

    call: int
    output: int = 0


@dataclass(frozen=True)
class Call:
    """One call of a layer or operation.

    family: "layers", "ops" or "activations" (a Keras layer, a function of keras.ops, one of keras.activations), or
    "" for anything else, such as a class of the student's own.
    kind: the class name. config: its settings. args, kwargs: nested lists and dicts with `Ref` for tensors.
    layer: the same for two calls only if they call the same layer object. shape: that of the first tensor it takes, if
    the config says.
    """

    family: str
    kind: str
    config: dict
    args: list
    kwargs: dict
    layer: str
    shape: list | None = None


@dataclass
class Trace:
    """The calls of a model in an order in which they can be made, nested models inlined."""

    calls: list = field(default_factory=list)
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)


def trace(config):
    """Read a config (a JSON string, `to_json()` as a dict, or `get_config()`) into a `Trace`.

    Raises UnreadableConfig if it is not the config of a functional or Sequential model.
    """
    try:
        if isinstance(config, str):
            config = json.loads(config)
        if "layers" not in config:
            if not _is_model(config):
                raise UnreadableConfig(f"it is a {config.get('class_name')}, not a functional or Sequential model")
            config = config["config"]
        found = Trace()
        found.outputs = _inline(config, None, "", found)
        return found
    except UnreadableConfig:
        raise
    except RecursionError:
        raise UnreadableConfig("its models are nested too deeply") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableConfig(f"its config cannot be read ({type(error).__name__}: {error})") from error


def part(found, start, end, shape):
    """The Trace of what lies between two tensors (Refs) of a trace, as a model of pictures of `shape`."""
    needed, waiting = {}, [end]
    while waiting:
        ref = waiting.pop()
        if ref.call not in needed:
            call = found.calls[ref.call]
            if ref.call == start.call:
                call = Call("layers", "InputLayer", {"batch_shape": [None, *shape]}, [], {}, call.layer)
            needed[ref.call] = call
            waiting += refs([call.args, call.kwargs])
    place = {old: new for new, old in enumerate(sorted(needed))}
    if start.call not in place:
        raise UnreadableConfig("its output does not depend on its input")

    def moved(value):
        if isinstance(value, Ref):
            return Ref(place[value.call], value.output)
        if isinstance(value, dict):
            return {key: moved(item) for key, item in value.items()}
        return [moved(item) for item in value] if isinstance(value, list) else value

    calls = [replace(needed[old], args=moved(needed[old].args), kwargs=moved(needed[old].kwargs)) for old in place]
    return Trace(calls, [moved(start)], [moved(end)])


def _is_model(spec):
    return (
        spec.get("class_name") in MODELS
        and str(spec.get("module")).split(".")[0] == "keras"
        and not str(spec.get("registered_name")).count(">")
    )


def _inline(config, inputs, scope, found):
    """Append the calls of one model to `found`; inputs: Refs, or None for the outermost model."""
    if "input_layers" in config:
        return _inline_functional(config, inputs, scope, found)
    layers = config["layers"]
    if inputs is None:
        first = layers[0] if layers and layers[0]["class_name"] == "InputLayer" else _input_of(config)
        inputs = [_add(found, first, scope, [], {})[0]]
        found.inputs = inputs
    for layer in layers:
        if layer["class_name"] != "InputLayer":
            inputs = [_add(found, layer, scope, [inputs[0]], {})[0]]
    return [inputs[0]]


def _inline_functional(config, inputs, scope, found):
    tensors = {}  # (layer name, its how-manieth call) -> Refs
    names = [leaf[0] for leaf in _leaves(config["input_layers"])]
    layers = {layer["name"]: layer for layer in config["layers"]}
    if inputs is None:
        inputs = found.inputs = [_add(found, layers[name], scope, [], {})[0] for name in names]
    for name, ref in zip(names, inputs, strict=True):
        tensors[name, 0] = [ref]
    waiting = [
        (layer, number, node)
        for layer in config["layers"]
        if layer["name"] not in names
        for number, node in enumerate(layer["inbound_nodes"])
    ]
    while waiting:
        later = []
        for layer, number, node in waiting:
            try:
                args, kwargs = (_resolve(node[part], tensors) for part in ("args", "kwargs"))
            except _NotYet:
                later.append((layer, number, node))
            else:
                shape = _first_shape(node["args"])
                tensors[layer["name"], number] = _add(found, layer, scope, list(args), kwargs, shape)
        if len(later) == len(waiting):
            raise UnreadableConfig("its layers are not connected to its input")
        waiting = later
    outputs = []
    for name, number, output in _leaves(config["output_layers"]):
        # Keras counts the calls of a nested functional model from one here, and from zero everywhere else.
        number -= _is_model(layers[name]) and layers[name]["class_name"] != "Sequential"
        outputs.append(tensors[name, number][output])
    return outputs


def _add(found, layer, scope, args, kwargs, shape=None):
    """Append one call, or all the calls of a nested model; returns the Refs of what comes out."""
    if layer.get("registered_name") == "course_utils>LocalResponseNormalization":  # nobody is asked to use it or not
        kept = {"name": layer["config"].get("name")}
        layer = {**layer, "module": "keras.layers", "class_name": "Identity", "registered_name": None, "config": kept}
    config = dict(layer["config"])
    if "activation" in config:
        config["activation"] = _by_name(config["activation"])
    name = scope + str(layer.get("name", config.get("name")))
    if _is_model(layer):
        first = len(found.calls)
        outputs = _inline(config, list(refs(args)), name + "/", found)
        if kwargs.get("training") is not None:  # holds for each layer inside that was not told otherwise
            for call in found.calls[first:]:
                call.kwargs.setdefault("training", kwargs["training"])
        return outputs
    if len(found.calls) >= MAX_CALLS:
        raise UnreadableConfig(f"it calls more than {MAX_CALLS} layers")
    found.calls.append(Call(_family(layer), str(layer["class_name"])[:60], config, args, kwargs, name, shape))
    return _Outputs(len(found.calls) - 1)


TENSORFLOWS = {"softmax_v2": "softmax", "log_softmax_v2": "log_softmax", "swish": "silu", "identity": "linear"}


def _by_name(spec):
    """An activation of a config by its name, where it is a function of tf.nn, or a layer that holds nothing else."""
    if not isinstance(spec, dict):
        return spec
    if spec.get("module") == "keras.layers" and spec.get("class_name") == "Activation":
        return _by_name(spec["config"]["activation"])
    if spec.get("class_name") == "function" and spec.get("module") == "builtins":
        return TENSORFLOWS.get(spec.get("config"), spec)
    return spec


class _Outputs:
    """The Refs of one call, as many as are asked for."""

    def __init__(self, call):
        self.call = call

    def __getitem__(self, output):
        return Ref(self.call, output)


class _NotYet(Exception):
    pass


def _family(layer):
    module = str(layer.get("module"))
    if str(layer.get("registered_name")).count(">"):
        return ""
    if module == "keras.layers":
        return "layers"
    if module.startswith("keras.src.ops."):
        return "ops"
    return "activations" if module.startswith("keras.src.activations.") else ""


def _resolve(value, tensors):
    """Arguments with tensors as Refs, slices as slices, everything else as it stands."""
    if isinstance(value, list | tuple):
        return [_resolve(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("class_name")
    if kind == "__keras_tensor__":
        name, number, output = value["config"]["keras_history"]
        if (name, number) not in tensors:
            raise _NotYet
        return tensors[name, number][output]
    if kind == "__slice__":
        return slice(*(value["config"][part] for part in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return ...
    if kind in ("__tensor__", "__numpy__"):
        return value["config"]["value"]
    return {key: _resolve(item, tensors) for key, item in value.items()}


def _first_shape(args):
    while isinstance(args, list | tuple) and args:
        args = args[0]
    return args["config"]["shape"] if isinstance(args, dict) and args.get("class_name") == "__keras_tensor__" else None


def _leaves(tensors):
    """The [name, call, output] triples of input_layers or output_layers, however nested."""
    if isinstance(tensors, dict):
        tensors = list(tensors.values())
    if len(tensors) == 3 and isinstance(tensors[0], str):
        return [tensors]
    return [leaf for item in tensors for leaf in _leaves(item)]


def refs(value):
    """All Refs in nested arguments, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from refs(item)


def _input_of(config):
    shape = config["build_input_shape"]
    return {"module": "keras.layers", "class_name": "InputLayer", "name": "input", "config": {"batch_shape": shape}}


# The canonical graph.

WEIGHTED = {"conv", "dense", "norm", "layer_norm", "depthwise_conv", "separable_conv", "conv_transpose"}
KERNELS = WEIGHTED - {"norm", "layer_norm"}
MERGES = {
    "Add": "add",
    "Concatenate": "concat",
    "Multiply": "multiply",
    "Average": "average",
    "Subtract": "subtract",
    "Maximum": "maximum",
    "Minimum": "minimum",
}
ANY_ORDER = {*MERGES.values()} - {"subtract"}
UNSEEN = {  # layers that change nothing when a model is used, and the note that each leaves
    "Dropout": "dropout",
    "SpatialDropout2D": "dropout",
    "GaussianDropout": "dropout",
    "AlphaDropout": "dropout",
    "GaussianNoise": "noise",
    "Identity": "",
    "ActivityRegularization": "",
    "Cast": "",
    "ConvertToTensor": "",
}
ACTIVATIONS = {
    "ReLU": "relu",
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyReLU": "leaky_relu",
    "LeakyRelu": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Elu": "elu",
    "Selu": "selu",
    "Gelu": "gelu",
    "Silu": "silu",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
}
CONVOLUTIONS = {
    "Conv2D": "conv",
    "DepthwiseConv2D": "depthwise_conv",
    "SeparableConv2D": "separable_conv",
    "Conv2DTranspose": "conv_transpose",
}
POOLS = {
    "MaxPooling2D": "max_pool",
    "MaxPool": "max_pool",
    "AveragePooling2D": "average_pool",
    "AveragePool": "average_pool",
}


@dataclass
class Node:
    """One operation of a canonical graph.

    kind: "input", "conv", "norm", "activation", "add", "max_pool", "dense" ... or the lower-case class name of what is
    not known here. params: the settings that matter, in one spelling. inputs: positions of nodes. layer: as in `Call`.
    shape: of what comes out, where it can be told. padding: as it was written, for messages.
    """

    kind: str
    params: dict
    inputs: list
    layer: str = ""
    shape: tuple | None = None
    padding: str = ""


@dataclass
class Graph:
    """A model's operations, each after its inputs; equal for two models that compute the same in the same way.

    outputs: positions of nodes. notes: what was seen and makes no difference: "dropout", "noise",
    "conv_without_bias" (before a batch normalisation), "always_training" (a layer called with training=True).
    """

    nodes: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    notes: set = field(default_factory=set)

    def __eq__(self, other):
        return self.digest() == other.digest()

    def digest(self):
        """A fingerprint of the architecture: names and the order of what is added or joined left out, sharing kept."""
        prints = []
        for node in self.nodes:
            inputs = [prints[i] for i in node.inputs]
            inputs = sorted(inputs) if node.kind in ANY_ORDER else inputs
            prints.append(_print(node.kind, sorted(node.params.items()), inputs))
        shared = sorted(sorted(prints[i] for i in positions) for positions in self.shared().values())
        return _print([prints[i] for i in self.outputs], shared)

    def shared(self):
        """Layers with weights that are called more than once: layer -> positions of its nodes."""
        calls = {}
        for position, node in enumerate(self.nodes):
            if node.kind in WEIGHTED:
                calls.setdefault(node.layer, []).append(position)
        return {layer: positions for layer, positions in calls.items() if len(positions) > 1}

    def count(self, kind):
        return sum(node.kind == kind for node in self.nodes)


def canonical(config):
    """The canonical graph of a config (as `trace` takes it), or of a Trace; raises UnreadableConfig.

    Written in one way: an activation as a layer, as a function of keras.ops or as an argument; `+`, Add() and
    layers.add; ZeroPadding2D before a convolution, and 'same', as rows and columns of zeros; an axis from the end; a
    global average however it was taken; a concatenation of concatenations; nested models without their walls. Dropped:
    names, initializers, regularizers, epsilon and momentum, Dropout at inference, the bias of a convolution whose mean
    is subtracted next, the order of what is concatenated, which only gives the channels another order.
    """
    try:
        found = config if isinstance(config, Trace) else trace(config)
        graph, position = Graph(), {}
        for index, call in enumerate(found.calls):
            inputs = [_position(ref, position, graph) for ref in refs([call.args, call.kwargs])]
            position[index] = _write(call, inputs, graph)
        graph.outputs = [_position(ref, position, graph) for ref in found.outputs]
        if not graph.outputs:
            raise UnreadableConfig("it has no output")
    except UnreadableConfig:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableConfig(f"its config cannot be read ({type(error).__name__}: {error})") from error
    _prune(graph)
    _free_bias(graph)
    return graph


def _print(*parts):
    return sha256(repr(parts).encode()).hexdigest()


def _position(ref, position, graph):
    if ref.output == 0:
        return position[ref.call]
    graph.nodes.append(Node("part", {"number": ref.output}, [position[ref.call]]))
    return len(graph.nodes) - 1


def _write(call, inputs, graph):
    """Append one call in canonical spelling; returns the position of what comes out."""
    kind, config = call.kind if call.family else f"own {call.kind}", call.config
    if call.kwargs.get("training") is True:
        graph.notes.add("always_training")
    if kind in UNSEEN and inputs:
        graph.notes |= {UNSEEN[kind]} - {""}
        return inputs[0]
    shape = _shape(call, inputs, graph)

    def add(kind, params=(), shape=shape, padding=""):
        graph.nodes.append(Node(kind, dict(params), list(inputs), call.layer, shape, padding))
        inputs[:] = [len(graph.nodes) - 1]
        return inputs[0]

    if kind == "InputLayer":
        return add("input", {"shape": shape and shape[1:]})
    if kind in MERGES and len(inputs) > 1:
        params = {"axis": _from_end(config.get("axis", -1), shape)} if kind == "Concatenate" else {}
        if kind == "Concatenate" and shape and params["axis"] == -1:
            channels = [graph.nodes[i].shape[-1] if graph.nodes[i].shape else None for i in inputs]
            shape = (*shape[:-1], None if None in channels else sum(channels))
            inner = [graph.nodes[i].inputs if graph.nodes[i].kind == "concat" else [i] for i in inputs]
            if sum(map(len, inner)) <= MAX_BRANCHES:
                inputs = [i for positions in inner for i in positions]
        return add(MERGES[kind], params, shape)
    if kind == "Maximum" and call.family == "ops" and [a for a in call.args if not isinstance(a, Ref)] in ([0], [0.0]):
        return add("activation", {"function": "relu"})
    if kind in ACTIVATIONS or kind == "Activation":
        function = _activation(kind, config)
        axis = config.get("axis", -1)
        if function in ("softmax", "log_softmax") and isinstance(axis, int) and _from_end(axis, shape) != -1:
            function = f"{function} over axis {axis}"
        return inputs[0] if function == "linear" else add("activation", {"function": function})
    if kind in CONVOLUTIONS:
        _window(CONVOLUTIONS[kind], config, inputs, shape, graph, add)
    elif kind in POOLS:
        _window(POOLS[kind], config, inputs, shape, graph, add)
    elif kind == "Dense":
        add("dense", {"units": config["units"], "bias": config["use_bias"]}, shape and (*shape[:-1], config["units"]))
    elif kind in ("BatchNormalization", "LayerNormalization"):
        axis = config["axis"]
        axis = axis[0] if isinstance(axis, list) else axis
        params = {"axis": _from_end(axis, shape), "center": config["center"], "scale": config["scale"]}
        add("norm" if kind == "BatchNormalization" else "layer_norm", params)
    elif (kind == "ZeroPadding2D" and config.get("data_format") != "channels_first") or kind == "Pad":
        zeros = _zeros(call)
        if zeros:
            add("pad", {"zeros": zeros}, _padded(shape, zeros))
        else:
            add("pad", {"width": repr(config.get("pad_width"))}, None)
    elif kind == "GlobalAveragePooling2D" or (kind == "Mean" and sorted(config["axis"] or []) == [1, 2]):
        add("global_average", {}, shape and (shape[0], 1, 1, shape[3]))
        if not config["keepdims"]:
            add("flatten", {}, shape and (shape[0], shape[3]))
    elif kind == "Flatten" or (kind == "Reshape" and _is_flat(call, shape)):
        if shape is None or len(shape) != 2:
            add("flatten", {}, shape and (shape[0], math.prod(shape[1:]) if None not in shape[1:] else None))
    else:
        settings = sorted((k, repr(v)) for k, v in config.items() if k not in ("name", "trainable", "dtype", "seed"))
        add(kind.lower(), {"settings": settings, "arguments": repr(_constants(call.args))}, None)
    function = _activation("Activation", config) if "activation" in config else "linear"
    if function != "linear":
        add("activation", {"function": function}, graph.nodes[inputs[0]].shape)
    return inputs[0]


def _window(kind, config, inputs, shape, graph, add):
    """A convolution or pooling, its padding as rows and columns of zeros."""
    kernel = _pair(config["pool_size" if "pool" in kind else "kernel_size"])
    strides = _pair(config.get("strides") or kernel)
    dilation = _pair(config.get("dilation_rate", 1))
    extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    padding, before = str(config["padding"]), graph.nodes[inputs[0]]
    zeros = ((0, 0), (0, 0))
    # Zeros change no maximum where nothing is below zero; in an average they would count.
    positive = before.kind == "pad" and graph.nodes[before.inputs[0]].params.get("function") == "relu"
    if "zeros" in before.params and (kind == "conv" or (kind == "max_pool" and positive)):
        zeros, padding = before.params["zeros"], "zeros"
        inputs[:] = before.inputs
        shape = graph.nodes[inputs[0]].shape
    lengths = shape[1:3] if shape and len(shape) == 4 else (None, None)
    sides = zip(extent, strides, zeros, lengths, strict=True)
    pad, out = zip(*(_side(config["padding"] == "same", *side) for side in sides), strict=True)
    params = {"kernel": kernel, "strides": strides, "padding": pad}
    channels = shape and shape[-1]
    if "pool" in kind:
        if kind == "average_pool" and shape and out == (1, 1) and kernel == tuple(lengths):
            kind, params = "global_average", {}
    else:
        channels = config.get("filters", None)
        params |= {"filters": channels, "bias": config["use_bias"], "dilation": dilation}
        params |= {k: config[k] for k in ("groups", "depth_multiplier") if config.get(k, 1) != 1}
    add(kind, params, shape and (shape[0], *out, channels), padding)


def _side(same, extent, stride, zeros, length):
    """((zeros before, zeros after), length of what comes out) of one axis; zeros that are never read are left out."""
    before, after = zeros
    if same and length is None and stride > 1 and extent > 1:
        return "same", None
    total = None if length is None else length + before + after
    if same:
        need = extent - 1 if stride == 1 or extent == 1 else (-(-total // stride) - 1) * stride + extent - total
        need = max(need, 0)
        before, after = before + need // 2, after + need - need // 2
    if length is None:
        return (before, after), None
    out = (length + before + after - extent) // stride + 1
    return (before, max(0, min(after, (out - 1) * stride + extent - length - before))), out


def _shape(call, inputs, graph):
    """Of the first tensor of a call: as the graph tells it, or else as the config says."""
    if call.kind == "InputLayer":
        return tuple(call.config.get("batch_shape") or call.config["batch_input_shape"])
    known = graph.nodes[inputs[0]].shape if inputs else None
    return known or (tuple(call.shape) if call.shape else None)


def _from_end(axis, shape):
    return axis - len(shape) if shape and axis >= 0 else axis


def _activation(kind, config):
    """An activation's name: of a layer, of an operation, or of a layer's argument."""
    if kind != "Activation":
        if kind == "ReLU" and config.get("negative_slope"):
            return "leaky_relu"
        if kind == "ReLU" and (config.get("max_value") is not None or config.get("threshold")):
            return "relu6" if config.get("max_value") == 6 else "clipped_relu"
        return ACTIVATIONS[kind]
    spec = config.get("activation")
    if isinstance(spec, dict):
        kind = spec["class_name"]
        return _activation(kind, spec["config"]) if kind in ACTIVATIONS else str(spec.get("config"))[:60]
    return str(spec or "linear")[:60]


def _zeros(call):
    """((top, bottom), (left, right)) of ZeroPadding2D or ops.pad; None if it pads otherwise."""
    if call.kind == "ZeroPadding2D":
        return tuple(_pair(side) for side in _pair(call.config["padding"]))
    width = call.config["pad_width"]
    plain = call.config.get("mode") == "constant" and not call.kwargs.get("constant_values")
    if plain and isinstance(width, list) and len(width) == 4 and width[0] == width[3] == [0, 0]:
        return tuple(map(tuple, width[1:3]))
    return None


def _padded(shape, zeros):
    if not shape or len(shape) != 4:
        return None
    sides = [n and n + sum(pad) for n, pad in zip(shape[1:3], zeros, strict=True)]
    return (shape[0], *sides, shape[3])


def _is_flat(call, shape):
    target = call.config.get("target_shape") or call.config["newshape"][1:]
    return len(target) == 1 and target[0] in (-1, math.prod(n or 0 for n in shape[1:]) if shape else -1)


def _pair(value):
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    return pair * 2 if len(pair) == 1 else pair


def _constants(args):
    if isinstance(args, list):
        return [_constants(item) for item in args]
    return "tensor" if isinstance(args, Ref) else args


def _prune(graph):
    """Drop the nodes that no output needs."""
    needed, waiting = set(), list(graph.outputs)
    while waiting:
        position = waiting.pop()
        if position not in needed:
            needed.add(position)
            waiting.extend(graph.nodes[position].inputs)
    new = {old: position for position, old in enumerate(sorted(needed))}
    graph.nodes = [graph.nodes[old] for old in sorted(needed)]
    for node in graph.nodes:
        node.inputs = [new[i] for i in node.inputs]
    graph.outputs = [new[i] for i in graph.outputs]


def _free_bias(graph):
    """A bias before a batch normalisation changes nothing: its mean is subtracted again."""
    consumers = {}
    for node in graph.nodes:
        for i in node.inputs:
            consumers.setdefault(i, []).append(node.kind)
    for position, node in enumerate(graph.nodes):
        if "bias" in node.params and consumers.get(position) == ["norm"] and not node.params.pop("bias"):
            graph.notes.add("conv_without_bias")
