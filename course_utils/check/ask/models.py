"""Asking for a residual block or a network: models made of the answer on several probes, their configs as evidence.

A probe is a dict of what is asked, such as {"shape": [9, 7, 10], "f": 5, "filters": [4, 6, 10]}.
"""

import inspect
import random
from collections import Counter
from contextlib import contextmanager
from functools import partial
from types import FunctionType

import keras

from course_utils.check import evidence, numbers
from course_utils.networks import alexnet, inception, lenet, resnet, resnet_v2, vgg

BLOCKS = [function for function in vars(resnet).values() if isinstance(function, FunctionType)]
NETWORKS = [resnet.ResNet50, resnet.resnet50_headless, resnet._stem, resnet._stages, keras.applications.ResNet50]
NETWORKS += [lenet.lenet5, lenet._lenet5, alexnet.alexnet, alexnet._alexnet, vgg.vgg16, keras.applications.VGG16]
NETWORKS += [inception.inception_network, inception.GoogLeNet]
NETWORKS += [resnet_v2.ResNet50V2, resnet_v2.ResNet101V2, resnet_v2._resnet_v2, resnet_v2.hard_coded_resnet50v2]
NETWORKS += [keras.applications.ResNet50V2, keras.applications.ResNet101V2]
MAX_PARAMETERS = 60_000_000  # of a network in memory
MAX_SHOWN = 150_000_000  # of one whose weights have a shape and no memory: AlexNet has 62 million, VGG-16 138


def _residual(answer, X, asked):
    offered = {"X": X, "f": asked["f"], "filters": [*asked["filters"]], "stage": 2, "block": "a"}
    return offered | ({spelling(answer, "s", "stride", "strides"): asked["s"]} if "s" in asked else {})


def ask_block(answer, probes, instead, offer=_residual, forbidden=BLOCKS, together=True):
    """Evidence of a block. offer(answer, X, asked): the arguments with which it is called, in order.

    "probes": what came of each. If the first raises, "instead" is what came of the first of the others (shapes in which
    a mistake that hinders the addition cannot hinder it) on which a model can be made. "shared": does a block share
    weights with the first? "together", if asked for: what came of two blocks in one model, as later cells make one.
    """
    first, model = _block(answer, probes[0], offer, forbidden)
    found = {"probes": [first], "instead": None, "shared": False}
    if first["call"]["outcome"] == "raised":
        tried = (_block(answer, asked, offer, forbidden)[0] for asked in instead)
        found["instead"] = next((probe for probe in tried if probe.get("config")), None)
    elif model is not None:
        for asked in probes[1:]:
            probe, other = _block(answer, asked, offer, forbidden)
            found["probes"].append(probe)
            found["shared"] |= other is not None and evidence.share_weights(model, other)
        if together:
            several = partial(_together, answer, probes[0], offer)
            several.__wrapped__ = answer  # whose lines are looked at for what changes the process
            with shapes_only():
                _, found["together"] = evidence.attempt(several)
    return found


def _together(answer, asked, offer):
    y = X = keras.Input(asked["shape"])
    for others in {"name": None}, {"stage": 3, "block": "b", "name": "other"}:
        offered = offer(answer, y, asked)
        offered |= {name: others[name] for name in others if name in offered}
        args, kwargs, _ = evidence.arguments(answer, offered)
        y = answer(*args, **kwargs)
    keras.Model(X, y)


def _block(answer, asked, offer, forbidden):
    """(evidence, model) of one probe; None where no model can be made."""
    X = keras.Input(asked["shape"])
    (y, call), offered = _called(answer, lambda: offer(answer, X, asked), forbidden)
    found = {"asked": asked, "call": call}
    if call["outcome"] != "returned":
        return found, None
    found["changed"] = "filters" in asked and offered["filters"] != asked["filters"]
    found["returned"] = "input" if y is X else "symbolic" if isinstance(y, keras.KerasTensor) else "other"
    if found["returned"] != "symbolic":
        return found, None
    model, found["joined"] = evidence.attempt(keras.Model, X, y)
    if model is None and _renamed(y):
        model, _ = evidence.attempt(keras.Model, X, y)
    if model is not None:
        found["config"], found["told"] = evidence.attempt(model.to_json)
    return found, model


def _renamed(y):
    """Give layers of one name, of which no model can be made, names of their own; were there any?

    What the block does can be judged all the same.
    """
    names, seen, waiting = Counter(), set(), [y]
    while waiting:
        operation, node, _ = waiting.pop()._keras_history
        if operation not in seen:
            seen.add(operation)
            names[operation.name] += 1
            if names[operation.name] > 1:
                operation.name = f"{operation.name}_again_{names[operation.name]}"
        waiting += operation._inbound_nodes[node].input_tensors
    return max(names.values()) > 1


def asked(probes, instead=()):
    """What evidence of a block or a network says of its probes, as `check.fits` takes it: of all of them, or of the
    first alone if no model came of it.
    """
    first, *_ = every = [{"asked": probe} for probe in probes]
    others = (None, *({"asked": probe} for probe in instead))
    return {"probes": every, "instead": None}, {"probes": [first | {"config": None}], "instead": others}


def redrawn(instead, seed, hidden):
    """The probes of `instead`, for grading with numbers that nobody can foresee: equal ones stay equal."""
    rng, found = random.Random(seed), []
    for probe in instead if hidden else []:
        new = {**probe}
        for key in {"filters", "module"} & probe.keys():
            shape, channels = probe["shape"], sorted({probe["shape"][-1], *probe[key]})
            drawn = dict(zip(channels, rng.sample(range(2, 13), len(channels)), strict=True))
            new |= {"shape": [*shape[:-1], drawn[shape[-1]]], key: [drawn[n] for n in probe[key]]}
        if "f" in probe:
            new["f"] = rng.choice([5, 7])
        if "classes" in probe:
            new["classes"] = rng.randint(2, 12)
        if "input_shape" in probe:
            new["input_shape"] = [*probe["input_shape"][:-1], rng.randint(1, 4)]
        found.append(new)
    return found or instead


def spelling(answer, *names):
    """That of the `names` of an argument under which an answer knows it, or the first."""
    try:
        known = inspect.signature(answer).parameters
    except (TypeError, ValueError):
        known = ()
    return next((name for name in names if name in known), names[0])


def defaults(answer):
    """The default values in the signature of an answer, as plain data: {"classes": 1000}; none where it has no such."""
    try:
        parameters = inspect.signature(answer).parameters.values()
    except (TypeError, ValueError):
        return {}
    plain = int | float | str | tuple | list | None
    found = {p.name: p.default for p in parameters if p.default is not p.empty and isinstance(p.default, plain)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def drawn_blocks(seed, projected):
    """Three more probes: other kernels, filters in any order of size, other pictures; a stride if `projected`."""
    rng = random.Random(seed)
    probes = []
    for f in (1, 3, 7):
        filters = rng.sample(range(2, 13), 3)
        channels = rng.choice([n for n in range(2, 13) if n not in filters]) if projected else filters[2]
        shape = [rng.randint(7, 13), rng.randint(7, 13), channels]
        probes.append({"shape": shape, "f": f, "filters": filters} | ({"s": rng.randint(1, 3)} if projected else {}))
    return probes


def ask_network(answer, probes, instead=(), forbidden=NETWORKS):
    """Evidence of a network, as `ask_block`'s; a probe holds arguments, none of them to ask for the default values.

    "same": does a second call return the same model? Asked only if the first is not of the shape that was asked for.
    """
    first, model = _network(answer, probes[0], forbidden)
    found = {"probes": [first], "instead": None, "same": False}
    if first["call"]["outcome"] == "raised":
        tried = (_network(answer, asked, forbidden)[0] for asked in instead)
        found["instead"] = next((probe for probe in tried if probe.get("config")), None)
    elif first["call"].get("kind") == "model":
        if first["model"] and first["model"]["input_shape"] != [None, *probes[0]["input_shape"]]:
            found["same"] = _network(answer, probes[0], forbidden)[1] is model
        found["probes"] += [_network(answer, asked, forbidden)[0] for asked in probes[1:]]
    return found


def _network(answer, asked, forbidden):
    offered = {key: tuple(value) if key == "input_shape" else value for key, value in asked.items()}
    (model, call), _ = _called(answer, lambda: offered, forbidden, MAX_SHOWN, MAX_PARAMETERS)
    found = {"asked": asked, "call": call}
    if isinstance(model, keras.Sequential) and not model.built:  # it has no Input
        found["unbuilt"] = True
        shape = offered.get("input_shape") or defaults(answer).get("input_shape")
        with shapes_only():
            evidence.attempt(model.build, (None, *(shape or ())))
    if call.get("kind") == "model":
        found["model"], found["told"] = evidence.attempt(evidence.about, model)
        found["config"] = (found["model"] or {}).get("config")
    return found, model


def _called(answer, offer, forbidden, shown=evidence.MAX_PARAMETERS, whole=evidence.MAX_PARAMETERS):
    """(`call_alone`, what was offered): with weights that are shapes only, or whole if the answer wants to see them.

    shown, whole: how many parameters there may be then.
    """
    offered = offer()
    with shapes_only():
        value, call = call_alone(answer, offered, forbidden, max_parameters=shown)
    if call["outcome"] == "raised":
        offered = offer()
        value, call = call_alone(answer, offered, forbidden, max_parameters=whole)
    return (value, call), offered


@contextmanager
def shapes_only():
    """Inside, the weights of layers have a shape and no memory: a network is built in a third of the time."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        numbers._forget_uninitialized()


# An answer that hands on the course's own network, under whatever name and by whatever way it got hold of it.


class _Borrowed(BaseException):
    """Not an Exception: an answer's `except` shall not hold it up."""


_entered = []


def call_alone(answer, offered, forbidden, **more):
    """As `evidence.call`; its "outcome" is "borrowed" if the answer calls one of the `forbidden` functions."""
    _entered.clear()
    try:
        with _without(forbidden):
            value, found = evidence.call(answer, offered, **more)
    except _Borrowed:
        pass
    if _entered:
        name = str(getattr(answer, "__name__", "the function"))[:60]
        return None, {"outcome": "borrowed", "name": name, "function": _entered[0]}
    return value, found


@contextmanager
def _without(functions):
    """Inside, each of these functions stops whoever calls it: with another code it is still the same function."""
    kept = [function.__code__ for function in functions]
    try:
        for function in functions:
            function.__code__ = _refuse.__code__.replace(co_name=f"{function.__module__}.{function.__name__}")
        yield
    finally:
        for function, code in zip(functions, kept, strict=True):
            function.__code__ = code


def _refuse(*args, **kwargs):
    import sys  # run with the globals of another module

    from course_utils.check.ask import models

    models._entered.append(sys._getframe().f_code.co_name)
    raise models._Borrowed
