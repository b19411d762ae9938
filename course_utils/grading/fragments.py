"""An answer as fragments: what is left of its code without names, texts, comments and the order of its statements.

An answer becomes the words of its statements. Its fragments are each four words in a row of a statement: the k-grams
of Schleimer, Wilkerson and Aiken, "Winnowing" (2003). All of them are kept. Winnowing would keep one in a few to save
room, which answers of 30 lines do not need.

That is why no library is used: copydetect (last release in 2024) hashes with Python's `hash`, which is another one in
each process, and reads `Conv2D` and `Dense` as the same word; compare50 is under the GPL and cannot be installed beside
Jupyter; rapidfuzz and difflib compare sequences, so that reordered lines hide a copy; scikit-learn takes seconds to
import for what is a few lines here.
"""

import ast
import warnings
from typing import NamedTuple

from course_utils.grading.cells import NO_PYTHON

FRAGMENT = 4  # words
NOTHING = ast.Import | ast.ImportFrom | ast.Pass | ast.Global | ast.Nonlocal  # statements that compute nothing


class Answer(NamedTuple):
    """The code of an answer.

    statements: (first line, last line, fragments) of each; fragments: of all; said: the lines of docstrings.
    """

    source: str
    statements: list
    fragments: frozenset
    said: set


def read(source, given=frozenset()):
    """An `Answer`, without the fragments that are `given`; None for what is no Python."""
    statements, said = [], set()
    try:
        with warnings.catch_warnings(action="ignore"):  # of invalid escapes
            tree = ast.parse(source)
        own = _own(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                said |= {*range(node.lineno, node.end_lineno + 1)}
            elif isinstance(node, ast.stmt) and not isinstance(node, NOTHING):
                words = [*_words(node, own, top=True)]
                count = max(1, len(words) - FRAGMENT + 1)
                fragments = {" ".join(words[i : i + FRAGMENT]) for i in range(count)} - given
                statements.append((node.lineno, _last_line(node), fragments))
    except NO_PYTHON:
        return None
    return Answer(source, statements, frozenset().union(*(fragments for *_, fragments in statements)), said)


def _last_line(node):
    """The last line of a statement, without the statements inside it."""
    inner = getattr(node, "body", None) or getattr(node, "cases", None)
    first = min(part.lineno for part in ast.walk(inner[0]) if hasattr(part, "lineno")) if inner else 0
    return max(node.lineno, first - 1) if inner else node.end_lineno


class _Own(NamedTuple):
    """What the student named: variables and functions, attributes of self, and imports under other names."""

    names: set
    attributes: set
    imported: dict


def _own(tree):
    own = _Own(set(), set(), {})
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            own.imported[node.asname or node.name] = node.name.rpartition(".")[2]
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            own.names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value):
            own.attributes.add(node.attr)
        elif isinstance(node, ast.arg):
            own.names.add(node.arg)
        elif isinstance(getattr(node, "name", None), str):  # functions, classes, exceptions, patterns
            own.names.add(node.name)
    return own


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"


def _words(node, own, top=False):
    """The words of a statement: kinds of nodes, names that are not the student's, numbers."""
    if isinstance(node, ast.stmt) and not top:
        return  # it has fragments of its own
    if isinstance(node, ast.Name):
        yield "name" if node.id in own.names else own.imported.get(node.id, node.id)
    elif isinstance(node, ast.Attribute):
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in own.names:  # else a module, which may be called as one likes
            yield from _words(node.value, own)
        yield "name" if _is_self(node.value) and node.attr in own.attributes else node.attr
    elif isinstance(node, ast.Constant):
        yield "text" if isinstance(node.value, str | bytes) else repr(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "text"
    elif isinstance(node, ast.keyword):
        yield node.arg or "**"
        yield from _words(node.value, own)
    elif not isinstance(node, ast.expr_context):
        yield type(node).__name__
        own_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own.names
        for name, part in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_comment"):
                continue
            for child in part if isinstance(part, list) else [part]:
                if own_call and isinstance(child, ast.keyword):
                    child = child.value  # the keyword is the name of a parameter
                if isinstance(child, ast.AST):
                    yield from _words(child, own)
