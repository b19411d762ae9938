"""The course's own answers, as a student would have them in a notebook: with a line more, where a test wants one."""

import ast
import linecache
from contextlib import suppress

import keras

from course_utils.grading.submissions import all_masters


def answer(exercise, first="", names=None):
    """The right answer. first: a line to begin its body (or that of its first method) with. names: see `namespace`."""
    source, name = written(exercise)
    lines = source.splitlines()
    found = next(node for node in ast.parse(source).body if getattr(node, "name", None) == name)
    if isinstance(found, ast.ClassDef):
        found = next(node for node in found.body if isinstance(node, ast.FunctionDef))
    if first:
        body = found.body[0]
        lines.insert(body.lineno - 1, " " * body.col_offset + first)
    names = namespace(exercise) if names is None else names
    run("\n".join([*lines, ""]), names, f"<cell {exercise}>")
    return names[name]


def course_answer(exercise):
    """The right answer, with the answers of its notebook that stand above it."""
    master = _master(exercise)
    names = namespace(exercise)
    for other, (cell, name) in master.exercises.items():
        run(master.cells[cell], names, f"<cell {other}>")
        if other == exercise:
            return names[name]


def written(exercise):
    """(source of the cell of an answer, name of its function)."""
    master = _master(exercise)
    cell, name = master.exercises[exercise]
    return master.cells[cell], name


def namespace(exercise):
    """The names that the notebook of an exercise has when the cell of an answer runs: what it imports, and tables."""
    names = {"layers": keras.layers, "ops": keras.ops}
    for source in _master(exercise).cells.values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import | ast.ImportFrom) or _is_table(node):
                exec(ast.unparse(node), names)
    return names


def _is_table(node):
    """Does a statement give a name to plain data?"""
    if not isinstance(node, ast.Assign) or not all(isinstance(target, ast.Name) for target in node.targets):
        return False
    with suppress(ValueError):
        return ast.literal_eval(node.value) is not None
    return False


def no_word_twice(result):
    """Where a finding says what was expected and what was got, the two differ."""
    assert not [finding for finding in result.findings if finding.expected and finding.expected == finding.got]


def run(source, names, place):
    """Run a cell in the way in which notebooks and grading do, so that its lines can be shown."""
    linecache.cache[place] = len(source), None, source.splitlines(keepends=True), place
    exec(compile(source, place, "exec", dont_inherit=True), names)


def _master(exercise):
    return next(master for master in all_masters().values() if exercise in master.exercises)
