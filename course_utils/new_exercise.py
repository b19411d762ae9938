"""`course new-exercise`: what a new exercise begins with. The tests name what is still to be filled in, by its TODO."""

import nbformat

from course_utils.errors import CourseError
from course_utils.files import ROOT, write_text

KINDS = {
    "block": """from course_utils.check.judge.later import several
from course_utils.check.judge.models import BUILDS_BLOCK, NUMBERS, block
from course_utils.check.result import Step


def _probe(shape, **arguments):
    return {{"shape": shape, "arguments": arguments}}


def _hidden(rng):
    return [_probe([rng.randint(6, 12), rng.randint(6, 12), rng.randint(2, 9)], TODO=rng.randint(2, 12))]


exercise = block(
    notebook="{notebook}",
    place={place},
    title="{name}",
    tensor="x",
    reference="TODO:{name}",  # of course_utils/networks
    probes=[_probe([9, 7, 8], TODO=6)],
    fallback=[_probe([None, None, 8], TODO=6)],  # where a mistake in the sizes does not hinder what joins them
    hidden=_hidden,
    steps=(
        BUILDS_BLOCK,
        Step("main_path", 1, "TODO: completes 'whether it ...'", "TODO: what is said where it is right."),
        NUMBERS,
    ),
    step_of=lambda difference: "main_path",
    hints=("TODO: a question, without code.", "TODO: more, but no line of the answer."),
    arguments="x, TODO",
    later=("{name}(TODO)",),
    advice=several,
)
""",
    "network": """from course_utils.check.judge.models import BUILDS_MODEL, NUMBERS, network
from course_utils.check.result import Step


def _hidden(rng):
    return [{{}}, {{"input_shape": [rng.randint(32, 64), rng.randint(32, 64), 3], "classes": rng.randint(2, 12)}}]


exercise = network(
    notebook="{notebook}",
    place={place},
    title="{name}",
    reference="TODO:{name}",  # of course_utils/networks
    probes=[{{"input_shape": [56, 48, 1], "classes": 5}}],
    fallback=[{{"input_shape": [None, None, 3], "classes": 6}}],
    hidden=_hidden,
    steps=(
        BUILDS_MODEL,
        Step("layers", 1, "TODO: completes 'whether it ...'", "TODO: what is said where it is right."),
        NUMBERS,
    ),
    step_of=lambda difference: "layers",
    hints=("TODO: a question, without code.", "TODO: more, but no line of the answer."),
    arguments="input_shape, classes",
    later=("{name}()",),
)
""",
    "array": """from course_utils.check.ask.given import drawn
from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.result import Step


def _probes(rng, seed, hidden):
    shapes = [(2, 3, 4), *([(rng.randint(1, 5), 3, 4)] if hidden else [])]
    return [Probe("numbers", {{"a": drawn(shape, seed)}}) for shape in shapes]


def _reference(a):
    raise NotImplementedError("TODO")


exercise = function(
    notebook="{notebook}",
    place={place},
    title="{name}",
    probes=_probes,
    reference=_reference,
    steps=(Step("numbers", 1, "TODO: completes 'whether it ...'", "TODO: what is said where it is right."),),
    mistakes=(Mistake("TODO", "TODO: with {{asked}}, ... Which question leads on?", lambda a: a),),
    hints=("TODO: a question, without code.", "TODO: more, but no line of the answer."),
    arguments="a",
    later=("{name}(TODO)",),
)
""",
}
TABLE = '''"""Answers to {name}: right ones, and wrong ones with the finding and the points of each."""

RIGHT, WRONG = {{}}, {{}}


def right(function):
    return RIGHT.setdefault(function.__name__, function)


def wrong(code, points):
    """code: of the first finding that is to do. points: what is earned all the same."""
    return lambda function: WRONG.setdefault(function.__name__, (function, code, points))


# TODO: natural ways of writing it, and each mistake that you can think of.
'''
STUB = '''def {name}(TODO):
    """TODO: what it computes, with its source (paper, arXiv number).

    TODO: shapes and units of what goes in and comes out.
    """
    ### BEGIN SOLUTION
    raise NotImplementedError("TODO")
    ### END SOLUTION'''


def new_exercise(name, stem, notebook, kind):
    """Write the file of an exercise, its table of answers, and its cells behind the last exercise of a notebook.

    name: of the exercise, and of the function. stem, notebook: the notebook and its path. kind: of KINDS. Returns the
    paths written. Raises CourseError where there is such an exercise already, or the name is none.
    """
    from course_utils.exercises import EXERCISES

    if not name.isidentifier() or name != name.lower():
        raise CourseError(f"{name} is no name of an exercise: take small letters, digits and _.")
    if name in EXERCISES:
        raise CourseError(f"There is an exercise {name} already, in course_utils/exercises/{name}.py.")
    number = stem.partition("_")[0]
    place = 1 + sum(exercise.notebook == number for exercise in EXERCISES.values())
    text = KINDS[kind].format(name=name, notebook=number, place=place)
    exercise, table = ROOT / f"course_utils/exercises/{name}.py", ROOT / f"tests/answers/{name}.py"
    write_text(exercise, f'"""{name} (notebook {number}): TODO: what is asked for."""\n\n{text}')
    write_text(table, TABLE.format(name=name))
    write_text(notebook, _with_cells(nbformat.read(notebook, as_version=4), name))
    return [exercise, table, notebook]


def _with_cells(notebook, name):
    """The text of the notebook, with the cells of an exercise behind the last one."""
    last = max((i for i, cell in enumerate(notebook.cells) if "nbgrader" in cell.metadata), default=len(notebook.cells))
    marks = {"locked": False, "schema_version": 3, "grade": False, "solution": False, "task": False}
    answer = marks | {"grade_id": name, "solution": True}
    check = marks | {"grade_id": f"{name}_check", "locked": True, "grade": True, "points": 3}
    tagged = {"nbgrader": check, "tags": ["nbval-check-output"]}
    cells = [
        nbformat.v4.new_markdown_cell(f"## Exercise: {name}\n\nTODO: what is to be written, step by step."),
        nbformat.v4.new_code_cell(STUB.format(name=name), metadata={"nbgrader": answer}),
        nbformat.v4.new_code_cell(f"check.{name}({name})", metadata=tagged),
    ]
    for cell, kind in zip(cells, ("words", "answer", "check"), strict=True):
        cell.id = f"{name}-{kind}".replace("_", "-")
    notebook.cells[last + 1 : last + 1] = cells
    return nbformat.writes(notebook) + "\n"
