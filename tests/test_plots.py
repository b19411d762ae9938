"""Every figure carries its words, and a model is drawn the same on every machine."""

import html
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import diagram, plots

RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 256, (12, 8, 8, 3), np.uint8)


def alt(picture):
    return html.unescape(re.search(r'<img alt="([^"]*)"', picture.data)[1])


def fresh_norm():
    norm = layers.BatchNormalization()
    norm.build((None, 2, 2, 3))
    return norm


def residual():
    inputs = layers.Input((8, 8, 4))
    x = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    x = layers.ReLU(name="second")(x)
    return keras.Model(inputs, layers.Add(name="sum")([x, inputs]), name="residual")


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (lambda: plots.pictures(FACES, ["<b>"] * 12), ["12 pictures", "<b>"]),
        (lambda: plots.pictures(FACES[:, :, :, 0], alt="digits"), ["digits"]),
        (
            lambda: plots.curves({"train": [0.5, 0.75], "test": [[0.5, 0.6], [0.5, 0.7]]}, "It learns"),
            ["train ends at 0.75"],
        ),
        (
            lambda: plots.curves({"test": [0.5, 0.6]}, "It learns", xlabel="step", every=25, line=(25, "unfrozen")),
            ["test ends at 0.60", "Dotted line at 25: unfrozen"],
        ),
        (lambda: plots.spread({"source": [0.6, 0.7, 0.95]}, "It depends"), ["0.60 to 0.95, median 0.70"]),
        (lambda: plots.confusion([0, 0, 1], [0, 1, 1], ["cat", "dog"]), ["2 of 3 right", "true cat: 1, 1"]),
        (lambda: plots.mistakes(FACES, [0] * 12, np.linspace(0, 1, 12), ["cat", "dog"]), ["cat taken for dog 100%"]),
        (
            lambda: plots.where_networks_part({"mine": [0, 1e-6], "yours": [1e-6, 0.3]}, ["stem", "head"], "Apart"),
            ["mine: equal everywhere", "yours: differs from head on"],
        ),
        (
            lambda: plots.depths({"plain": {8: [2.0, 0.5], 32: [2.0, 1.25]}, "residual": {8: [2.0, 0.1]}}, "Deeper"),
            ["plain, 32 layers, ends at 1.25", "residual, 8 layers, ends at 0.10"],
        ),
        (
            lambda: plots.lines({"plain": ([8, 20], [0.5, 0.002])}, "It fades", "depth", "norm", log=True),
            ["plain from 0.5 to 0.002", "norm along depth"],
        ),
        (
            lambda: plots.by_count({"mine": [[0.5, 0.75], [0.6, 0.85], [0.7, 0.8]]}, [5, 50], "More is more"),
            ["More is more", "with 5, 50 pictures per class", "mine 0.60, 0.80"],
        ),
        (
            lambda: plots.running_against_batch(fresh_norm(), np.full((4, 2, 2, 3), 0.5), "It lags"),
            ["It lags. 3 channels", "mean 0.5 met, 0 kept", "standard deviation 0 met, 1 kept"],
        ),
        (
            lambda: plots.costs({"conv": (156, 117_600), "dense": (102_764_544, 1_849_688_064)}, "Kept and spent"),
            ["conv 156 and 118 k", "dense 103 M and 1.85 G"],
        ),
        (
            lambda: plots.fields([np.eye(3), np.pad(np.ones((2, 2)), 1)], ["all", "middle"], "They see"),
            ["They see. all: 3 pixels wide; middle: 2 pixels wide"],
        ),
        (
            lambda: plots.principal_colours(np.ones(3) / 2, np.array([0.01, 0.02, 0.17]), np.eye(3), "Blue varies"),
            ["Blue varies. Shares of the variance: 85.0%, 10.0%, 5.0%"],
        ),
        (
            lambda: plots.timelines(
                {"in turn": {"cook": [(0, 4), (9, 13)], "guest": [(4, 9), (13, 18)]}, "at once": {"cook": [(1, 5)]}},
                "Who waits",
            ),
            ["Who waits. in turn: 2 batches in 18 ms; at once: 1 batches in 5 ms"],
        ),
        (
            lambda: plots.maps([np.eye(3) * 9, -np.eye(3)], ["digit", "kernel", "map"], "It answers", FACES[0]),
            ["It answers. kernel from 0 to 9; map from -1 to 0"],
        ),
        (
            lambda: plots.maps([np.zeros((2, 2)), np.arange(-3, 3).reshape(2, 3)], "ab", "Sums", numbers=True),
            ["Sums. a from 0 to 0; b from -3 to 2"],
        ),
        (lambda: plots.variants(FACES[0], FACES[1:9], "Eight of one"), ["Eight of one"]),
        (
            lambda: plots.gaps({"alone": {"own": [[0.5, 1.0], [0.6, 0.9]], "test": [[0.25, 0.5]]}}, "It remembers"),
            ["It remembers. At the end, alone: own 0.95 and test 0.50, 0.45 apart"],
        ),
        (lambda: diagram.picture(residual()), ["residual", "first (Conv2D)", "sum (Add)"]),
    ],
)
def test_figures_say_what_they_show(picture, words):
    assert all(word in alt(picture()) for word in words)


def test_mistakes_are_the_surest_first_and_none_is_said():
    probability = np.array([0.6, 0.99, 0.8, 0.1])
    assert re.findall(r"\d+%", alt(plots.mistakes(FACES[:4], [0, 0, 0, 0], probability, ["a", "b"]))) == [
        "99%",
        "80%",
        "60%",
    ]
    assert plots.mistakes(FACES[:4], [1, 1, 1, 0], probability, ["a", "b"]) == "No mistakes."


def svg(model):
    return ElementTree.fromstring(diagram.drawn(model))


def test_a_model_is_drawn_layer_by_layer_with_its_shapes():
    texts = [node.text for node in svg(residual()).iter() if node.tag.endswith("text")]
    assert texts == [
        *("Input", texts[1], "n × 8 × 8 × 4"),
        *("Conv2D", "first", "n × 8 × 8 × 4"),
        *("ReLU", "second", "n × 8 × 8 × 4"),
        *("Add", "sum", "n × 8 × 8 × 4"),
    ]


def test_the_shortcut_is_an_arc_and_every_edge_is_drawn():
    paths = [node.get("d") for node in svg(residual()).iter() if node.get("marker-end")]
    assert len(paths) == 4
    assert sum("C" in path for path in paths) == 1


def inception():
    inputs = layers.Input((8, 8, 4))
    narrow = layers.Conv2D(2, 1, name="narrow")(inputs)
    wide = layers.Conv2D(2, 5, padding="same", name="wide")(narrow)
    pool = layers.MaxPooling2D(3, 1, padding="same", name="pool")(inputs)
    after = layers.Conv2D(2, 1, name="after")(pool)
    alone = layers.Conv2D(2, 1, name="alone")(inputs)
    return keras.Model(inputs, layers.Concatenate(name="all")([wide, after, alone]))


def test_branches_stand_side_by_side_each_below_its_beginning():
    kept, edges = diagram.graph(inception())
    column = {layer.name: place for layer, place in diagram.columns(kept, edges, diagram.ranks(kept, edges)).items()}
    assert [column[name] for name in ("narrow", "pool", "alone")] == [-1, 0, 1]
    assert [column[name] for name in ("wide", "after", "all")] == [-1, 0, 0]


@pytest.mark.parametrize("model", [residual, inception])
def test_boxes_and_arcs_lie_within_the_picture_and_nothing_is_scaled(model):
    """Sizes have no unit, so they are pixels; each box and each end of an arrow is seen."""
    picture = svg(model())
    assert "viewBox" not in picture.attrib
    width, height = int(picture.get("width")), int(picture.get("height"))
    assert width < 800  # as wide as a notebook's page
    boxes = [node for node in picture.iter() if node.tag.endswith("rect")][1:]
    assert len({(node.get("x"), node.get("y")) for node in boxes}) == len(boxes)
    for node in boxes:
        assert 0 < float(node.get("x")) < float(node.get("x")) + float(node.get("width")) < width
        assert 0 < float(node.get("y")) < float(node.get("y")) + float(node.get("height")) < height
    for node in picture.iter():
        if node.get("marker-end"):
            numbers = [float(number) for number in re.findall(r"[\d.]+", node.get("d"))]
            # An arc reaches three quarters of the way to its control points.
            bulge = 17.5 if "C" in node.get("d") else 0
            assert max(numbers[::2]) - bulge < width
            assert max(numbers[1::2]) < height


def test_graphviz_makes_no_difference(tmp_path, monkeypatch):
    model = residual()
    without = diagram.picture(model).data
    (tmp_path / "dot").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert diagram.picture(model).data == without


def test_a_layer_used_twice_and_a_model_without_layers_are_drawn_too():
    dense = layers.Dense(4, name="twice")
    inputs = layers.Input((4,))
    texts = [node.text for node in svg(keras.Model(inputs, dense(dense(inputs)))).iter() if node.tag.endswith("text")]
    assert texts.count("twice") == 1
    assert svg(keras.Sequential()).get("width")


@pytest.mark.parametrize("built", [True, False])
def test_sequential_and_subclassed_models_are_drawn_too(built):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(2), layers.Dense(3)

        def call(self, x):
            return self.second(self.first(x))

    sequential = keras.Sequential([layers.Input((4,))] if built else [])
    sequential.add(layers.Dense(2))
    for model, boxes in (sequential, 2 if built else 1), (Own(), 2):
        rectangles = [node for node in svg(model).iter() if node.tag.endswith("rect")]
        assert len(rectangles) == boxes + 1  # and the background


def test_a_home_that_cannot_be_written_is_no_matter_for_figures(tmp_path):
    (tmp_path / "home").touch()  # a file: nothing can be made in it, by root neither
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MPL", "XDG"))}
    code = "from course_utils import plots; print(len(plots.curves({'a': [1, 2]}, 'b').data) > 100)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | {"HOME": str(tmp_path / "home")}, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_words_above_a_mistake_are_no_wider_than_the_picture():
    assert plots._above("cat", "dog", "98%") == "cat → dog 98%"
    assert plots._above("Black Throated Bushtiti", "Cockatoo", "98%") == "Black Throated Bushtiti\n→ Cockatoo 98%"
    assert plots._above("Cockatoo", "Black Throated Bushtiti", "67%") == "Cockatoo\n→ Black Throated Bushtiti\n67%"


DRAWN = {  # figures, and at which height each curve ends
    "curves": (lambda: plots.curves({"low": [0.1, 0.2], "high": [0.5, 3]}, "T"), {"low": 0.2, "high": 3}),
    "lines": (
        lambda: plots.lines({"low": ([1, 2], [0.1, 0.01]), "high": ([1, 2], [1, 10])}, "T", "x", "y", log=True),
        {"low": 0.01, "high": 10},
    ),
    "depths": (lambda: plots.depths({"a": {8: [3, 2.5], 32: [3, 1.5]}}, "T"), {"8 layers": 2.5, "32 layers": 1.5}),
    "gaps": (
        lambda: plots.gaps({"one": {"low": [[0.4, 0.5]], "high": [[1, 2]]}, "two": {"a": [[9]], "b": [[5]]}}, "T"),
        {"low": 0.5, "high": 2, "a": 9, "b": 5},
    ),
}


@pytest.mark.parametrize(("draw", "ends"), DRAWN.values(), ids=DRAWN)
def test_a_label_stands_where_its_curve_ends(draw, ends, monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: shown.append(figure))
    draw()
    heights = {}
    for axis in shown[0].axes:
        for text in axis.texts:
            if text.get_text() in ends:
                place = axis.transAxes.transform((0, text.xy[1]))
                heights[text.get_text()] = axis.transData.inverted().transform(place)[1]
    assert heights == pytest.approx(ends)
