"""What the course knows of an exercise. `course_utils.exercises` holds one file per exercise."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from course_utils.check.result import Step


def _no_advice(request, evidence):
    return ()


@dataclass(frozen=True, eq=False)
class Exercise:
    """All that is particular to an exercise.

    Args:
        notebook: the number of its notebook, "04".
        place: which of the notebook's exercises it is, from 1.
        title: the name of the function or class that is asked for.
        steps: what earns points, in order; each a `Step`.
        ask: the module of `course_utils.check.ask` that asks for it.
        request: of (seed, hidden), what is asked: a dict of plain data and arrays, its "probes" a list. hidden: with
            the further probes of grading, which the seed draws. "steps", if there, are for `judge` alone.
        judge: of (request, evidence), the list of findings.
        hints: two, told after some tries that fail.
        arguments: the names of its arguments, in order: "X, f, filters".
        later: how later cells of the notebook call it, in their own words.
        keras_given: are Keras' own networks given in grading, too?
        advice: of (request, evidence), further advice for an answer that has all points; see `judge.later`.
    """

    notebook: str
    place: int
    title: str
    steps: tuple[Step, ...]
    ask: str
    request: Callable[[int, bool], dict]
    judge: Callable[[dict, dict], list]
    hints: tuple[str, str]
    arguments: str
    later: tuple[str, ...] = ()
    keras_given: bool = False
    advice: Callable = _no_advice

    @property
    def points(self):
        return sum(step.points for step in self.steps)

    @cached_property
    def hidden(self):
        """How many further probes grading makes."""
        return len(self.request(0, True)["probes"]) - len(self.request(0, False)["probes"])
