"""The sentences that a student can read in a check, as they stand in the code: to be proof-read and counted."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent
SHARED = [FOLDER / "difference.py", FOLDER / "result.py", FOLDER / "feedback.py", *(FOLDER / "judge").glob("*.py")]


def files():
    """{exercise, or module that several share: its file}."""
    own = {path.stem: path for path in sorted((FOLDER.parent / "exercises").glob("[a-z]*.py"))}
    return own | {str(path.relative_to(FOLDER).with_suffix("")): path for path in sorted(SHARED)}


def messages(path):
    """[(line, sentence)] of a file of Python, {fields} as they are named there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [(node.lineno, _template(node)) for node in ast.walk(tree) if id(node) not in inner | docstrings and
             isinstance(node, ast.Constant | ast.JoinedStr)]  # fmt: skip
    return sorted((line, text) for line, text in texts if len(text) > 20 and text.rstrip().endswith((".", "?", ":")))


def _template(node):
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    return node.value if isinstance(node.value, str) else ""


def _part(part):
    return part.value if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"
