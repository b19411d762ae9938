"""Answers that are alike: whom `course compare` names, and whom it does not."""

import ast
import json
import random
import re
import subprocess
import sys
from functools import cache

import pytest
from click.testing import CliRunner
from hypothesis import given as given_
from hypothesis import settings
from hypothesis import strategies as st

from course_utils.cli import main
from course_utils.files import masters
from course_utils.grading import compare as comparing
from course_utils.grading.fragments import read
from course_utils.grading.submissions import all_masters

# --- A class that works honestly: each student has habits, and makes choices in each answer ---------------------------

HABITS = {
    "x": ("X", "x", "h", "out", "y", "main"),
    "skip": ("X_shortcut", "shortcut", "skip", "saved"),
    "conv": ("layers.Conv2D", "layers.Conv2D", "keras.layers.Conv2D"),
    "one": ("1", "(1, 1)", "kernel_size=1", "kernel_size=(1, 1)"),
    "bn": ("()", "(axis=3)", "(axis=-1)", "(momentum=0.9)", "(epsilon=1e-5)"),
    "relu": ("layers.ReLU()({})", 'layers.Activation("relu")({})', "keras.activations.relu({})", "ops.relu({})"),
    "add": ("layers.Add()([{}, {}])", "{} + {}", "layers.add([{}, {}])", "layers.Add()([{1}, {0}])"),
    "more": ("", "", ', padding="valid"', ", strides=1", ', kernel_initializer="he_normal"', ", use_bias=True"),
    "shape": ("straight", "straight", "straight", "loop", "helper", "parts"),
    "filters": (["F1", "F2", "F3"], ["a", "b", "c"], ["filters[0]", "filters[1]", "filters[2]"]),
    "names": ("", "", 'f"res{{stage}}{{block}}_{}"', '"{}_" + str(stage) + block', 'base + "{}"', '"{}" + base'),
    "inline": (True, False),
}


def habits(r):
    return {key: r.choice(values) for key, values in HABITS.items()}


def residual_block(r, h, project):
    """identity_block or convolutional_block."""
    x, skip, relu, F = h["x"], h["skip"], h["relu"], h["filters"]
    lines = [] if "[" in F[0] else [f"{', '.join(F)} = filters"]
    if "base" in h["names"]:
        made = 'f"block{stage}{block}"', '"res" + str(stage) + block', "'%d%s' % (stage, block)"
        lines.append(f"base = {r.choice(made)}")
    keep = [f"{skip} = X"]
    if project:
        keep = [f"{skip} = {conv(h, F[2], h['one'] + ', strides=s', 'p')}(X)", f"{skip} = {norm(h)}({skip})"]
    path = SHAPES[h["shape"]](r, h, "s" if project else "1")
    early = x == "X" or r.random() < 0.5
    lines += [*keep, *path] if early else [*path, *keep]
    total = h["add"].format(x, skip)
    if h["inline"]:
        return [*lines, f"return {relu.format(f'({total})' if '+' in total else total)}"]
    return [*lines, f"{x} = {total}", f"return {relu.format(x)}"]


def conv(h, filters, how, part=None):
    name = f", name={h['names'].format(part)}" if h["names"] and part else ""
    return f"{h['conv']}({filters}, {how}{name})"


def norm(h):
    return h["conv"].replace("Conv2D", "BatchNormalization") + h["bn"]


def straight(r, h, stride):
    x, lines, before = h["x"], [], "X"
    first = f"{h['one']}, strides={stride}" if stride == "s" else h["one"] + h["more"]
    for part, n, how in zip("abc", h["filters"], (first, 'f, padding="same"', h["one"] + h["more"]), strict=True):
        if h["inline"]:
            lines.append(f"{x} = {norm(h)}({conv(h, n, how, part)}({before}))")
        else:
            lines += [f"{x} = {conv(h, n, how, part)}({before})", f"{x} = {norm(h)}({x})"]
        lines += [f"{x} = {h['relu'].format(x)}"] if part != "c" else []
        before = x
    return lines


def loop(r, h, stride):
    x, (a, b, c) = h["x"], h["filters"]
    each = conv(h, "n", 'k, strides=step, padding="same"')
    return [
        f"{x} = X",
        f"for i, (n, k, step) in enumerate([({a}, 1, {stride}), ({b}, f, 1), ({c}, 1, 1)]):",
        f"    {x} = {norm(h)}({each}({x}))",
        f"    if {r.choice(['i < 2', 'i != 2', 'not i == 2'])}:",
        f"        {x} = {h['relu'].format(x)}",
    ]


def parts(r, h, stride):
    x, (a, b, c) = h["x"], h["filters"]
    first, second = conv(h, a, f"{h['one']}, strides={stride}"), conv(h, b, "f, padding='same'")
    return [
        f"parts = [{first}, {norm(h)}, {second}, {norm(h)}]",
        f"parts += [{conv(h, c, h['one'])}, {norm(h)}]",
        f"{x} = X",
        *r.choice([["for i, part in enumerate(parts):"], ["for i in range(6):", "    part = parts[i]"]]),
        f"    {x} = part({x})",
        f"    if {r.choice(['i in (1, 3)', 'i == 1 or i == 3', 'i < 5 and i % 2'])}:",
        f"        {x} = {h['relu'].format(x)}",
    ]


def helper(r, h, stride):
    x, step, to = h["x"], r.choice(["unit", "conv_bn", "step"]), r.choice(["inputs", "t", "inp"])
    each, active = conv(h, "n", 'k, strides=stride, padding="same"'), h["relu"].format(to)
    ends = (
        [f"    return {to} if last else {active}"],
        ["    if not last:", f"        {to} = {active}", f"    return {to}"],
    )
    return [
        f"def {step}({to}, n, k, stride=1, last=False):",
        f"    {to} = {norm(h)}({each}({to}))",
        *r.choice(ends),
        f"{x} = {step}(X, {h['filters'][0]}, 1, {stride})",
        f"{x} = {step}({x}, {h['filters'][1]}, f)",
        f"{x} = {step}({x}, {h['filters'][2]}, 1, last=True)",
    ]


SHAPES = {"straight": straight, "loop": loop, "parts": parts, "helper": helper}


def slots(text):
    """A recipe for an answer: one of each piece. Pieces end with "then", and what each may be is parted by "or"."""
    text = text.replace("SHADES", SHADES).replace("BACK", BACK)
    pieces = [[way.strip("\n").split("\n") for way in piece.split("\nor\n")] for piece in text.split("\nthen\n")]
    return lambda r, h: [line for piece in pieces for line in r.choice(piece)]


SHADES = """
if images.dtype.kind == 'f' and images.max() <= 1:
    raise ValueError('multiply by 255')
or
if np.issubdtype(images.dtype, np.floating) and np.max(images) <= 1.0:
    raise ValueError('0..1')
or
is_float = images.dtype != np.uint8
if is_float and (images <= 1).all():
    raise ValueError('too small')
or
assert_range = images.max()
if assert_range <= 1 and images.dtype.kind in 'fd':
    raise ValueError
"""
BACK = """
return np.clip(new, 0, 255).astype(images.dtype)
or
new = np.minimum(np.maximum(new, 0), 255)
return new.astype(images.dtype)
or
new[new < 0] = 0
new[new > 255] = 255
return new.astype(images.dtype)
or
new = new.clip(0, 255)
return np.asarray(new, dtype=images.dtype)
"""
RECIPES = {
    "04_residual_blocks": {
        "identity_block": lambda r, h: residual_block(r, h, False),
        "convolutional_block": lambda r, h: residual_block(r, h, True),
        "zero_pad_shortcut": slots("""
missing = filters - X.shape[-1]
or
c = X.shape[3]
missing = filters - c
or
missing = filters - int(X.shape[-1])
then
if missing < 0:
    raise ValueError('too few')
or
if not missing >= 0:
    raise ValueError(filters)
or
if filters < X.shape[-1]:
    raise ValueError('filters')
then
X = X[:, ::s, ::s, :]
or
X = X[:, ::s, ::s]
or
rows = X[:, ::s]
X = rows[:, :, ::s]
or
X = layers.MaxPooling2D(1, strides=s)(X)
then
return ops.pad(X, ((0, 0), (0, 0), (0, 0), (0, missing)))
or
return ops.pad(X, [[0, 0]] * 3 + [[0, missing]])
or
zeros = ops.zeros_like(X[..., :1])
return ops.concatenate([X] + [zeros] * missing, axis=-1)
"""),
    },
    "08_data_augmentation": {
        "mirror": slots("""
return images[:, :, ::-1]
or
return np.flip(images, axis=2)
or
return images[:, :, ::-1, :]
or
return np.array([np.fliplr(one) for one in images])
"""),
        "random_crop": slots("""
n, height, width, c = images.shape
or
n = len(images)
height, width = images.shape[1:3]
or
n, height, width = images.shape[:3]
then
if size > min(height, width):
    raise ValueError('window')
or
if size > height or size > width:
    raise ValueError(size)
or
if height < size:
    raise ValueError('height')
if width < size:
    raise ValueError('width')
then
tops = rng.integers(0, height - size + 1, n)
lefts = rng.integers(0, width - size + 1, n)
or
tops = rng.integers(height - size + 1, size=n)
lefts = rng.integers(width - size + 1, size=n)
or
lefts = rng.integers(0, width - size, n, endpoint=True)
tops = rng.integers(0, height - size, n, endpoint=True)
or
tops = [int(rng.integers(0, height - size + 1)) for _ in range(n)]
lefts = [int(rng.integers(0, width - size + 1)) for _ in range(n)]
then
return np.stack([im[a : a + size, b : b + size] for im, a, b in zip(images, tops, lefts)])
or
result = []
for i in range(n):
    result.append(images[i, tops[i] : tops[i] + size, lefts[i] : lefts[i] + size])
return np.array(result)
or
result = np.empty((n, size, size, images.shape[3]), images.dtype)
for i in range(n):
    a, b = tops[i], lefts[i]
    result[i] = images[i][a : a + size, b : b + size, :]
return result
or
rows = tops + np.zeros(n, int)
cols = lefts + np.zeros(n, int)
r, c = np.arange(size)[:, None], np.arange(size)
return images[np.arange(n)[:, None, None], rows[:, None, None] + r, cols[:, None, None] + c]
"""),
        "color_shift": slots("""
SHADES
then
n, _, _, c = images.shape
or
n, c = len(images), images.shape[-1]
or
n = images.shape[0]
c = images.shape[3]
then
new = images + rng.uniform(-max_shift, max_shift, (n, 1, 1, c))
or
delta = rng.uniform(-max_shift, max_shift, size=(n, c))
new = images + delta[:, None, None, :]
or
new = images.astype(float)
for i in range(n):
    for j in range(c):
        new[i, :, :, j] += rng.uniform(-max_shift, max_shift)
then
BACK
"""),
        "pca_color_augmentation": slots("""
SHADES
then
pixels = images.reshape(-1, 3) / 255
or
pixels = np.reshape(images / 255.0, (-1, 3))
or
scaled = images.astype('float64') / 255
pixels = scaled.reshape((-1, 3))
then
cov = np.cov(pixels, rowvar=False)
or
cov = np.cov(pixels.T)
or
centred = pixels - pixels.mean(0)
cov = centred.T @ centred / (len(pixels) - 1)
then
l, P = np.linalg.eigh(cov)
or
found = np.linalg.eigh(cov)
l = found[0]
P = found[1]
or
P, l, _ = np.linalg.svd(cov)
then
a = rng.normal(0, sigma, (len(images), 3))
or
a = sigma * rng.standard_normal((len(images), 3))
or
a = rng.normal(scale=sigma, size=(images.shape[0], 3))
then
new = images + 255 * ((a * l) @ P.T)[:, None, None]
or
add = np.array([P @ (one * l) for one in a])
new = images + 255 * add.reshape(-1, 1, 1, 3)
or
new = np.array([im + 255 * P.dot(one * l) for im, one in zip(images, a)])
then
BACK
"""),
        "ensemble_predict": slots("""
return np.mean([model.predict(x, verbose=0) for model in models], axis=0)
or
total = 0
for model in models:
    total = total + model.predict(x, verbose=0)
return total / len(models)
or
found = [m.predict(x, verbose=0) for m in models]
return sum(found) / len(found)
"""),
        "ten_crop": slots("""
height, width, _ = image.shape
or
height = image.shape[0]
width = image.shape[1]
or
height, width = image.shape[:2]
then
if size > min(height, width):
    raise ValueError('window')
or
if size > height or size > width:
    raise ValueError(size)
or
if not (height >= size and width >= size):
    raise ValueError('large')
then
a, b = height - size, width - size
places = [(0, 0), (0, b), (a, 0), (a, b), (a // 2, b // 2)]
five = [image[i : i + size, j : j + size] for i, j in places]
or
mid, centre = (height - size) // 2, (width - size) // 2
five = [image[:size, :size], image[:size, -size:], image[-size:, :size], image[-size:, -size:]]
five.append(image[mid : mid + size, centre : centre + size])
or
def cut(i, j):
    return image[i : i + size, j : j + size]

five = [cut(0, 0), cut(0, width - size), cut(height - size, 0), cut(height - size, width - size)]
five += [cut((height - size) // 2, (width - size) // 2)]
then
five = np.stack(five)
return np.concatenate([five, five[:, :, ::-1]])
or
return np.array(five + [one[:, ::-1] for one in five])
or
ten = list(five)
for one in five:
    ten.append(np.fliplr(one))
return np.stack(ten)
"""),
    },
}


def answers_of(student):
    """{exercise: lines} of the honest student of this number."""
    r = random.Random(student)
    own = habits(r)
    return {exercise: recipe(r, own) for recipes in RECIPES.values() for exercise, recipe in recipes.items()}


# --- Copies ----------------------------------------------------------------------------------------------------------


class Renamed(ast.NodeTransformer):
    """Other names: `new` of each name that is not free."""

    def __init__(self, names, new):
        self.new = {name: new(name) for name in sorted(names)}

    def visit_Name(self, node):
        node.id = self.new.get(node.id, node.id)
        return node

    def visit_arg(self, node):
        node.arg = self.new.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node):
        node.name = self.new.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id in self.new:
            for keyword in node.keywords:
                keyword.arg = self.new.get(keyword.arg, keyword.arg)
        return self.generic_visit(node)


def own_names(tree):
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def renamed(lines):
    """Other names and other comments."""
    tree = ast.parse("\n".join(lines))
    own = own_names(tree) - {"X"}  # which a block is given
    text = ast.unparse(Renamed(own, lambda name: f"my_{name}").visit(tree))
    return ["# all my own words", *text.split("\n")]


def reordered(lines):
    """And neighbours change places where neither uses the other's name."""
    lines = renamed(lines)
    for i in range(len(lines) - 1):
        (a, is_a, _), (b, is_b, _) = lines[i].partition(" = "), lines[i + 1].partition(" = ")
        if is_a and is_b and a.isidentifier() and b.isidentifier() and a not in lines[i + 1] and b not in lines[i]:
            lines[i : i + 2] = lines[i + 1], lines[i]
    return lines


def rewritten(lines):
    """And keywords are left out, others are put in, and the result gets a name."""
    text = "\n".join(reordered(lines)).replace("kernel_size=", "").replace("(axis=-1)", "(axis=3)")
    text = text.replace("kernel_initializer='he_normal'", "strides=1").replace("use_bias=True", "strides=(1, 1)")
    return re.sub(r"^return (.+)$", r"result = \1\nreturn result", text, flags=re.MULTILINE).split("\n")


# --- A folder that was handed in -------------------------------------------------------------------------------------

REGION = re.compile(r"( *)### BEGIN SOLUTION.*### END SOLUTION", re.DOTALL)


@cache
def cells_of(stem):
    return [
        {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in json.loads(masters()[stem].read_text(encoding="utf-8"))["cells"]
    ]


def source(exercise, lines):
    """An answer's cell: the given lines in place of the solution; None for the course's own."""
    stem = next(stem for stem, recipes in RECIPES.items() if exercise in recipes)
    master = all_masters()[stem]
    given = master.cells[master.exercises[exercise][0]]
    if lines is None:
        return re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", given)
    return REGION.sub(lambda found: "\n".join(found[1] + line for line in lines), given)


def notebook(stem, answers):
    """The bytes of a notebook. answers: {exercise: lines}; where there are none, the course's own."""
    cells = []
    for cell in cells_of(stem):
        about = cell["metadata"].get("nbgrader", {})
        if about.get("solution"):
            cell = {**cell, "source": source(about["grade_id"], answers.get(about["grade_id"]))}
        cells.append(cell)
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def lay(folder, students):
    """students: {name: {exercise: lines}}."""
    for student, answers in students.items():
        (folder / student).mkdir(parents=True)
        for stem in RECIPES:
            (folder / student / f"{stem}.ipynb").write_bytes(notebook(stem, answers))
    return folder


def table(students):
    """What `standing_out` takes of them."""
    return {
        (stem, exercise): {
            student: read(source(exercise, answers[exercise]), given(stem, exercise))
            for student, answers in students.items()
            if exercise in answers
        }
        for stem, recipes in RECIPES.items()
        for exercise in recipes
    }


def given(stem, exercise):
    return comparing.course(stem, exercise)[0]


def listed(students, least=0.8):
    return [one.students for one in comparing.standing_out(table(students), least)]


def honest(start=0, count=30):
    return {f"s{i:02}": answers_of(100 * start + i) for i in range(count)}


def command(*words):
    return CliRunner().invoke(main, ["compare", *map(str, words)])


# --- A class with copies ---------------------------------------------------------------------------------------------

COPIES = {"Cem": ("s03", renamed), "Dora": ("s11", reordered), "Emil": ("s20", rewritten)}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """(the folder, what the command prints, its page): 30 honest students, 3 copies, 2 with the course's solution."""
    folder = tmp_path_factory.mktemp("class")
    students = honest()
    for name, (victim, disguise) in COPIES.items():
        students[name] = {exercise: disguise(lines) for exercise, lines in students[victim].items()}
    students |= {"Mia": {}, "Nils": {}}
    students["s07"]["mirror"] = ["return images[:, :, ::-1]  # <script>alert(1)</script> & <b>"]
    students["s11"]["color_shift"].append("# <script>alert(2)</script>")
    lay(folder / "in", students)
    done = command(folder / "in", "-o", folder / "compare.html")
    assert done.exit_code == 0, done.output
    return folder / "in", done.output, (folder / "compare.html").read_text(encoding="utf-8")


def test_exactly_the_copies_are_listed(found):
    pairs, count, remarks = comparing.compare(found[0])
    assert {pair.students for pair in pairs} == {("Cem", "s03"), ("Dora", "s11"), ("Emil", "s20"), ("Mia", "Nils")}
    assert (count, remarks) == (35, [])
    assert {pair.where for pair in pairs} == {"all notebooks together"}
    assert [pair.students for pair in pairs if pair.of_course] == [("Mia", "Nils")]
    assert all(0.8 < pair.likeness <= 1 for pair in pairs)
    assert [pair.shared for pair in pairs] == sorted((pair.shared for pair in pairs), reverse=True)


def test_the_command_lists_them_and_says_what_that_means(found):
    words = " ".join(found[1].split())
    assert "cannot tell who wrote first, nor whether both followed the same source" in words
    assert "4 pairs stand out among 35 students." in words
    assert "Cem and s03" in words
    assert "the course's own" in words


def test_the_page_shows_them_side_by_side(found):
    page = found[2]
    for words in "Cem", "s03", "Emil", "s20", "cannot tell who wrote first", "my_", "35 students", "own solution":
        assert words in page
    assert page.count('<section id="pair') == 4
    assert "●</span>" in page  # what is alike is told by a sign, too
    assert "s08" not in page


def test_the_page_stands_alone_and_runs_nothing(found):
    assert "<script" not in found[2]
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in found[2]
    assert not re.search(r"""(src|href)=["'](?!#)""", found[2])


def test_nothing_is_run_and_tensorflow_stays_out(tmp_path):
    bad = f"open({str(tmp_path / 'ran')!r}, 'w')"
    lay(tmp_path / "in", {name: {"mirror": ["return images", bad], "ten_crop": [bad]} for name in "ab"})
    code = (
        "import sys; from course_utils.cli import main; main(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    )
    words = ["compare", str(tmp_path / "in"), "-o", str(tmp_path / "page.html")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "sklearn", "matplotlib", "nbgrader"} & {*done.stdout.split()}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in", "page.html"]


# --- Who is not listed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", range(1, 5))
def test_in_an_honest_class_nobody_is_listed(start):
    assert listed(honest(start)) == []


def test_an_exercise_that_all_write_alike_accuses_nobody():
    students = honest(5)
    for i, answers in enumerate(students.values()):
        answers |= {name: answers_of(900 + i % 3)[name] for name in RECIPES["08_data_augmentation"]}
    assert listed(students) == []


def test_a_few_ways_to_write_it_accuse_nobody():
    """Of thirty students, 12, 8, 5 and 5 write the same blocks."""
    ways = [way for way, count in enumerate((12, 8, 5, 5)) for _ in range(count)]
    students = honest(6)
    for way, answers in zip(ways, students.values(), strict=True):
        answers |= {name: answers_of(950 + way)[name] for name in ("identity_block", "convolutional_block")}
    assert listed(students) == []


def test_short_answers_alone_accuse_nobody():
    students = honest(7)
    for name in "mirror", "ensemble_predict", "zero_pad_shortcut":
        students["s01"][name] = students["s02"][name]
    assert listed(students) == []


def test_one_notebook_that_was_copied_is_found_among_others():
    students = honest(8)
    students["s01"] |= {name: renamed(students["s02"][name]) for name in RECIPES["08_data_augmentation"]}
    (pair,) = comparing.standing_out(table(students), 0.8)
    assert pair.students == ("s01", "s02")
    assert pair.where == "08_data_augmentation"


def test_more_that_is_copied_weighs_more():
    students = honest(9)
    students["s01"] |= {name: renamed(students["s02"][name]) for name in RECIPES["08_data_augmentation"]}
    students["s03"] = {name: renamed(lines) for name, lines in students["s04"].items()}
    assert listed(students) == [("s03", "s04"), ("s01", "s02")]


def test_the_order_of_students_changes_nothing():
    students = honest(8)
    students["s01"] = students["s02"]
    back = dict(reversed(students.items()))
    assert comparing.standing_out(table(students), 0.8) == comparing.standing_out(table(back), 0.8)


# --- What does not count ---------------------------------------------------------------------------------------------

EVERY = [(exercise, student) for student in range(6) for recipes in RECIPES.values() for exercise in recipes]


@settings(max_examples=60, deadline=None)
@given_(which=st.sampled_from(EVERY), data=st.data())
def test_names_do_not_count(which, data):
    exercise, student = which
    tree = ast.parse(source(exercise, answers_of(student)[exercise]))
    before, names = read(ast.unparse(tree)).fragments, own_names(tree)
    new = data.draw(st.lists(st.from_regex(r"\A[a-z]{1,8}_\Z"), min_size=len(names), max_size=len(names), unique=True))
    after = ast.unparse(Renamed(names, dict(zip(sorted(names), new, strict=True)).get).visit(tree))
    assert read(after).fragments == before


SAME = {
    "comments": "def f(x):  # one\n    # two\n    return g(x, 3)",
    "a docstring": 'def f(x):\n    """What it does."""\n    return g(x, 3)',
    "space": "def f( x ) :\n\n    return g( x,\n        3, )",
    "types": "def f(x: int) -> float:\n    return g(x, 3)",
    "texts in it": "def f(x):\n    return g(x, 3)",
    "a module's name": "import numpy as n\ndef f(x):\n    return n.g(x, 3)",
    "an import": "from numpy import g as h\ndef f(x):\n    return h(x, 3)",
}


@pytest.mark.parametrize("name", SAME)
def test_what_else_does_not_count(name):
    assert read(SAME[name]).fragments == read("def f(x):\n    return g(x, 3)").fragments


def test_the_order_of_statements_does_not_count():
    lines = ["a = f(1, 2)", "for i in b:", "    c = g(i, 3)", "    d = h(i)"]
    assert read("\n".join(lines)).fragments == read("\n".join([*lines[1:2], lines[3], lines[2], lines[0]])).fragments


def test_names_of_attributes_and_methods_do_not_count():
    one = "class A(Layer):\n    def __init__(self):\n        self.conv = Conv2D(3)\n"
    one += "    def call(self, x):\n        return self.conv(x)"
    assert read(one).fragments == read(one.replace("conv", "first").replace("A(", "B(")).fragments
    assert read(one).fragments != read(one.replace("Conv2D", "Dense")).fragments


def test_what_the_notebook_gives_does_not_count():
    for stem, master in all_masters().items():
        for exercise, (cell, _) in master.exercises.items():
            stub = comparing.SOLUTION.sub("raise check.NotAnswered()", master.cells[cell])
            assert len(read(stub, comparing.course(stem, exercise)[0]).fragments) <= 1, exercise


@pytest.mark.parametrize("source", ["def f(:", "x = " + "(" * 3000, "-" * 100_000 + "1", "x = 1\0"])
def test_what_is_no_python_is_none(source):
    assert read(source) is None


# --- Bad input -------------------------------------------------------------------------------------------------------


def test_bad_input_gets_a_sentence(tmp_path):
    def said(*words):
        done = command(*words, "-o", tmp_path / "page.html")
        assert done.exit_code
        assert not (tmp_path / "page.html").exists()
        return done.output

    (tmp_path / "empty").mkdir()
    (tmp_path / "other" / "Ada").mkdir(parents=True)
    (tmp_path / "other" / "Ada" / "x.ipynb").write_text('{"cells": [], "nbformat": 4}')
    assert "There is no" in said(tmp_path / "nowhere")
    assert "holds no notebooks" in said(tmp_path / "empty")
    assert "no answer to an exercise of this course" in said(tmp_path / "other")
    assert "one student only" in said(lay(tmp_path / "one", {"Ada": {}}))


def test_a_page_that_cannot_be_written_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    done = command(lay(tmp_path / "in", {"Ada": {}, "Bo": {}}), "-o", tmp_path / "file" / "page.html")
    assert done.exit_code
    assert "cannot be written" in done.output


def test_a_small_class_is_said_to_be_one(tmp_path):
    students = {"Ada": answers_of(1), "Bo": answers_of(2), "Cy": {**answers_of(3), "mirror": ["return (("]}}
    _, count, remarks = comparing.compare(lay(tmp_path / "in", students))
    assert count == 3
    assert remarks == [
        "Cy: the answer to mirror is no Python and was not compared.",
        "With 3 students nobody can say what is usual: honest pairs may be listed.",
    ]
