"""Answers that are alike: pairs of students whose code agrees where the code of a class usually differs.

A fragment of code that only two answers have counts 1, one that all have counts 0: the class says what is usual.
"""

import re
from collections import Counter, defaultdict
from functools import cache
from typing import NamedTuple

import numpy as np

from course_utils.check import EXERCISES
from course_utils.errors import CourseError
from course_utils.files import write_text
from course_utils.grading.cells import python
from course_utils.grading.fragments import read
from course_utils.grading.hand_ins import collect
from course_utils.grading.report import PAGES
from course_utils.grading.submissions import all_masters, pair, parse

CAN = (
    "This finds answers that are alike; it cannot tell who wrote first, nor whether both followed the same source. "
    "Read the code and talk to the students before you conclude anything."
)
COURSE = "the course's own solution"
SHORT = 40  # fragments that few others have: with less in common nobody stands out
FAR = 0.2  # above the likeness that most students have to somebody
FEW = 10  # students: fewer cannot say what is usual
MOST = 200  # pairs on a page
SOLUTION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)


# --- How alike -------------------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """An exercise. size: what each answer's fragments count, and last the course's; shared: what two have in common."""

    answers: dict
    weights: dict
    size: np.ndarray
    shared: np.ndarray


def _table(answers, students):
    """answers: {student or COURSE: Answer}."""
    rows = [answers[student].fragments if student in answers else frozenset() for student in [*students, COURSE]]
    having, total = Counter(fragment for row in rows for fragment in row), max(3, len(answers))
    weights = {
        fragment: min(1, np.log(total / min(count, total)) / np.log(total / 2))
        for fragment, count in sorted(having.items())
    }
    column = {fragment: i for i, fragment in enumerate(weights)}
    has = np.zeros((len(rows), len(column)))
    for i, row in enumerate(rows):
        has[i, [column[fragment] for fragment in row]] = 1
    weighted = has * np.array([*weights.values()])
    return Table(answers, weights, weighted.sum(axis=1), weighted @ has.T)


def _likeness(tables, least):
    """(how alike each two are in several exercises, above what they stand out), of the exercises that both answered.

    What is shared, as a part of the smaller answer. An answer of few fragments, or of fragments that many have, has
    little to share, so that it would have to be shared entirely; and where most students have somebody who is as
    alike, nobody stands out.
    """
    shared = sum(table.shared for table in tables)
    smaller = sum(np.minimum.outer(table.size, table.size) for table in tables)
    likeness = np.round(shared / np.maximum(smaller, 1e-9), 6)
    np.fill_diagonal(likeness, 0)
    best = likeness[:-1, :-1].max(axis=1)[smaller.diagonal()[:-1] > 0]
    usual = float(np.median(best)) if len(best) >= FEW else 0.0
    bar = np.maximum(least + (1 - least) * SHORT / np.maximum(smaller, 1e-9), usual + FAR)
    return likeness, bar


# --- A class ---------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Two students who stand out. where: in what; shared: how much, for the order; of_course: are both as alike to the
    course's own solution?"""

    students: tuple
    likeness: float
    where: str
    shared: float
    of_course: bool
    exercises: list


def compare(place, least=0.8):
    """(the pairs that stand out, the most alike first; how many students were compared; remarks)."""
    answers, remarks = _answers(place)
    students = {student for of in answers.values() for student in of}
    if not students:
        raise CourseError(f"{place} holds no answer to an exercise of this course: there is nothing to compare.")
    if len(students) == 1:
        raise CourseError(
            f"{place} holds answers of one student only, {min(students)}: there is nobody to compare with."
        )
    if len(students) < FEW:
        remarks.append(f"With {len(students)} students nobody can say what is usual: honest pairs may be listed.")
    return standing_out(answers, least), len(students), remarks


def standing_out(answers, least):
    """The pairs that stand out in {(notebook, exercise): {student: Answer}}, the most alike first."""
    students = sorted({student for of in answers.values() for student in of})
    tables = {key: _table(of | {COURSE: course(*key)[1]}, students) for key, of in answers.items()}
    found = defaultdict(list)
    for where, keys in _groups(tables):
        likeness, bar = _likeness([tables[key] for key in keys], least)
        above = likeness > bar
        for a, b in np.argwhere(np.triu(above[:-1, :-1])):
            found[int(a), int(b)].append((where, float(likeness[a, b]), keys, bool(above[a, -1] and above[b, -1])))
    pairs = [_pair(students, *who, tables, groups) for who, groups in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.shared, pair.students))


def _answers(place):
    """{(notebook, exercise): {student: Answer}} of all that is answered, and remarks."""
    collected = collect(place)
    found, remarks = defaultdict(dict), []
    for (student, stem), handed in sorted(collected.chosen.items()):
        sources = defaultdict(list)
        for unit in pair(student, stem, parse(handed.read())).units:
            if unit.exercise:
                sources[unit.exercise].append(unit.source)
        for exercise, parts in sources.items():
            answer = read("\n\n".join(map(python, parts)), course(stem, exercise)[0])
            if answer is None:
                remarks.append(f"{student}: the answer to {exercise} is no Python and was not compared.")
            elif answer.fragments:
                found[stem, exercise][student] = answer
    order = {(stem, exercise): None for stem, master in all_masters().items() for exercise in master.exercises}
    return {key: found[key] for key in order if key in found}, remarks


@cache
def course(stem, exercise):
    """(the fragments that the notebook gives, the course's own `Answer`)."""
    master = all_masters()[stem]
    source = master.cells[master.exercises[exercise][0]]
    given = read(SOLUTION.sub("pass", source)).fragments
    return given, read(source, given)


def _groups(keys):
    """What may be alike: everything, a notebook, an exercise: (its name, its exercises)."""
    notebooks = defaultdict(list)
    for stem, exercise in keys:
        notebooks[stem].append((stem, exercise))
    if len(notebooks) > 1:
        yield "all notebooks together", [*keys]
    for stem, inside in notebooks.items():
        if len(inside) > 1:
            yield stem, inside
    for stem, exercise in keys:
        yield EXERCISES[exercise].title, [(stem, exercise)]


def _pair(students, a, b, tables, groups):
    where, likeness, _, of_course = groups[0]  # the widest comes first
    inside = {key for _, _, keys, _ in groups for key in keys}
    of_course = of_course or all(by_course for *_, by_course in groups)
    names, shown = (students[a], students[b]), []
    for (_, exercise), table in tables.items():
        smaller = min(table.size[a], table.size[b])
        if smaller:
            alike = float(table.shared[a, b] / smaller)
            sides = _side(table, *names), _side(table, *names[::-1])
            common = float(table.shared[a, b])
            shown.append({"title": EXERCISES[exercise].title, "alike": alike, "sides": sides, "shared": common})
    shown.sort(key=lambda one: -one["shared"])  # what tells most comes first
    shared = sum(float(tables[key].shared[a, b]) for key in inside)
    return Pair(names, likeness, where, shared, of_course, shown)


def _side(table, student, other):
    """The lines of an answer as (line, mark), without docstrings.

    Marked are those that are alike in both: "rare" if few of the class have them, else "usual".
    """
    answer, theirs, marks = table.answers[student], table.answers[other].fragments, {}
    for first, last, fragments in answer.statements:
        both = fragments & theirs
        if fragments and len(both) >= len(fragments) / 2:
            rare = np.mean([table.weights[fragment] for fragment in sorted(both)]) >= 0.5
            marks |= dict.fromkeys(range(first, last + 1), "rare" if rare else "usual")
    lines = enumerate(answer.source.rstrip().split("\n"), start=1)
    return [(line, marks.get(i, "")) for i, line in lines if i not in answer.said]


def write(path, pairs, count):
    """Write the page that shows the pairs side by side."""
    page = PAGES.get_template("compare.html").render(pairs=pairs[:MOST], all=len(pairs), count=count, can=CAN)
    try:
        write_text(path, page)
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}): choose another place with -o.") from None
