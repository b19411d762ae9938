"""Asking for an answer: one module per kind of exercise, `ask(answer, request)` returns evidence, which is plain data.

This half runs beside the student's code, in grading inside the sandbox. It knows no answer and no hint: what is asked
comes with the request (see `course_utils.check.exercise`), and nothing that it returns says what was asked.
"""

from importlib import import_module


def ask(kind, answer, request):
    """The evidence of an answer. kind: the module that asks."""
    return import_module(f"{__name__}.{kind}").ask(answer, request)
