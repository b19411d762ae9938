"""The graph of a model, read from its config: plain data in, no Keras needed.

A config is what `model.to_json()` or `model.get_config()` gives for a functional or Sequential model. It may come
from a stranger's file, so nothing in it is imported, called or trusted here: it is only read.
"""

import json
from dataclasses import dataclass, field

MAX_CALLS = 3000  # of layers and operations; ResNet-152 has about 520

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
    layer: the same for two calls only if they call the same layer object.
    """

    family: str
    kind: str
    config: dict
    args: list
    kwargs: dict
    layer: str


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
            inputs = _add(found, layer, scope, [inputs[0]], {})
    return inputs


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
                tensors[layer["name"], number] = _add(found, layer, scope, list(args), kwargs)
        if len(later) == len(waiting):
            raise UnreadableConfig("its layers are not connected to its input")
        waiting = later
    outputs = []
    for name, number, output in _leaves(config["output_layers"]):
        # Keras counts the calls of a nested functional model from one here, and from zero everywhere else.
        number -= _is_model(layers[name]) and layers[name]["class_name"] != "Sequential"
        outputs.append(tensors[name, number][output])
    return outputs


def _add(found, layer, scope, args, kwargs):
    """Append one call, or all the calls of a nested model; returns the Refs of what comes out."""
    config = layer["config"]
    name = scope + str(layer.get("name", config.get("name")))
    if _is_model(layer):
        return _inline(config, list(refs(args)), name + "/", found)
    if len(found.calls) >= MAX_CALLS:
        raise UnreadableConfig(f"it calls more than {MAX_CALLS} layers")
    found.calls.append(Call(_family(layer), str(layer["class_name"]), dict(config), args, kwargs, name))
    return _Outputs(len(found.calls) - 1)


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
