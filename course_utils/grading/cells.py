"""A cell's source as Python: what IPython makes of magics, of `!` and of `?`."""

import ast
import re
import warnings
from functools import lru_cache

NOT_PYTHON = {"!", "bash", "cmd", "file", "html", "javascript", "js", "julia", "latex", "markdown", "perl", "pypy"}
NOT_PYTHON |= {"python", "python2", "python3", "r", "ruby", "script", "sh", "shell", "sql", "svg", "sx", "system"}
NOT_PYTHON |= {"writefile"}  # of `%%python` another process runs the body
CELL_MAGIC = re.compile(r"((?:[ \t]*(?:#.*)?\n)*)[ \t]*%%(!|\w+)(.*)(?:\n|$)")
TIMED = re.compile(r"get_ipython\(\)\.run_line_magic\('time', (.*)\)$", re.MULTILINE)
NO_PYTHON = SyntaxError, ValueError, RecursionError, MemoryError  # what `ast.parse` raises


@lru_cache(4096)
def python(source):
    """A cell's source as Python, each line in its place; what cannot be read stays as it is.

    Of a cell magic like `%%time` or `%%capture`, also one below comments, the body stays; of one in another language
    nothing does. `%time x = 1` is `x = 1`.
    """
    if _is_python(source):
        return source
    head, at = "", 0
    while magic := CELL_MAGIC.match(source, at):
        comments, name, words = magic.groups()
        if name.lower() in NOT_PYTHON:
            return ""
        output = re.search(r"(?<![\w-])[^\W\d]\w*\s*$", words) if name == "capture" else None
        head += comments + (f"{output[0].strip()} = get_ipython().captured()" if output else "") + "\n"
        at = magic.end()
    body = source[at:]
    return head + (body if _is_python(body) else _transformed(body))


def _is_python(source):
    try:
        ast.parse(source)
    except NO_PYTHON:
        return False
    return True


def _transformed(source):
    """What IPython's own transformer makes of a cell."""
    from IPython.core.inputtransformer2 import TransformerManager  # for the few cells that are not Python

    blank = source[: len(source) - len(source.lstrip())].count("\n")
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd line ends
            transformed = TransformerManager().transform_cell(source)
    except (*NO_PYTHON, RuntimeError, AssertionError, IndexError):  # what looks like a magic and is none
        return source
    return "\n" * blank + TIMED.sub(_timed, transformed)


def effort(source):
    """About how many characters IPython looks at to transform a cell: the whole of it, again for each magic."""
    if _is_python(source):
        return 0
    magics = min(500, 1 + sum(len(SPECIAL.findall(line)) for line in source.splitlines()))
    return (len(source) + 40 * magics) * magics  # of which each becomes a call


SPECIAL = re.compile(r"^\s*[%!?,;/]|=\s*[%!](?!=)|\?\s*$")


def _timed(call):
    try:
        statement = ast.literal_eval(call[1])
    except NO_PYTHON:
        return call[0]
    return statement if statement and _is_python(statement) else call[0]
