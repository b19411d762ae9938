"""Calling an answer: under the names it has for its arguments, and without the functions that it may not hand on."""

import inspect
from contextlib import contextmanager, suppress
from functools import reduce
from importlib import import_module
from types import FunctionType

import keras

from course_utils.check import evidence, numbers


def spelled(answer, arguments, spellings):
    """The arguments, each under the one of its spellings that the answer knows, or the first.

    spellings: {name: further spellings}.
    """
    try:
        known = inspect.signature(answer).parameters
    except (TypeError, ValueError):
        known = ()
    names = {name: next((one for one in (name, *spellings.get(name, ())) if one in known), name) for name in arguments}
    return {names[name]: value for name, value in arguments.items()}


def defaults(answer):
    """The default values in the signature of an answer, as plain data: {"classes": 1000}; none where it has no such."""
    try:
        parameters = inspect.signature(answer).parameters.values()
    except (TypeError, ValueError):
        return {}
    plain = int | float | str | tuple | list | None
    found = {p.name: p.default for p in parameters if p.default is not p.empty and isinstance(p.default, plain)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


@contextmanager
def shapes_only():
    """Inside, the weights of layers have a shape and no memory: a network is built in a third of the time."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        numbers._forget_uninitialized()


def call_on_shapes(answer, offer, forbidden, shown=evidence.MAX_PARAMETERS, whole=evidence.MAX_PARAMETERS):
    """(`call_alone`, what was offered): with weights that are shapes only, or whole if the answer wants to see them.

    offer: makes the arguments. shown, whole: how many parameters there may be then.
    """
    offered = offer()
    with shapes_only():
        value, call = call_alone(answer, offered, forbidden, max_parameters=shown)
    if call["outcome"] == "raised":
        offered = offer()
        value, call = call_alone(answer, offered, forbidden, max_parameters=whole)
    return (value, call), offered


# An answer that hands on the course's own network, under whatever name and by whatever way it got hold of it.


class _Borrowed(BaseException):
    """Not an Exception: an answer's `except` shall not hold it up."""


_entered = []


def call_alone(answer, offered, forbidden, **more):
    """As `evidence.call`; its "outcome" is "borrowed" if the answer calls one of the `forbidden` functions.

    forbidden: their names, "package.module:function", or "package.module:*" for all functions of a module.
    """
    _entered.clear()
    try:
        with _without([function for name in forbidden for function in _named(name)]):
            value, found = evidence.call(answer, offered, **more)
    except _Borrowed:
        pass
    if _entered:
        name = str(getattr(answer, "__name__", "the function"))[:60]
        return None, {"outcome": "borrowed", "name": name, "function": _entered[0]}
    return value, found


def _named(name):
    """The functions of a name: none where the module is not to be had, as in the sandbox."""
    module, _, path = name.partition(":")
    with suppress(ImportError):
        found = import_module(module)
        if path == "*":
            return [one for one in vars(found).values() if isinstance(one, FunctionType)]
        return [inspect.unwrap(reduce(getattr, path.split("."), found))]
    return []


@contextmanager
def _without(functions):
    """Inside, each of these functions stops whoever calls it: with another code it is still the same function."""
    kept = [function.__code__ for function in functions]
    try:
        for function in functions:
            function.__code__ = refuse.__code__.replace(co_name=f"{function.__module__}.{function.__name__}")
        yield
    finally:
        for function, code in zip(functions, kept, strict=True):
            function.__code__ = code


def refuse(*args, **kwargs):
    import sys  # run with the globals of another module

    from course_utils.check.ask import calling

    calling._entered.append(sys._getframe().f_code.co_name)
    raise calling._Borrowed
