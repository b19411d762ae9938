"""The drawn figures: as their code draws them, legible, and true."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from itertools import combinations

import keras
import nbformat
import pytest
from matplotlib import font_manager
from PIL import ImageFont

from course_utils import plots
from course_utils.check.ask.calling import shapes_only
from course_utils.files import IMAGES, ROOT, masters
from course_utils.networks import alexnet, inception, lenet, resnet, vgg

sys.path.insert(0, str(IMAGES))  # as for `python images/drawing.py`
import covers
import drawing

FIGURES = sorted(path.stem for path in IMAGES.glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=FIGURES)
def figure(request):
    return xml.parse(IMAGES / f"{request.param}.svg").getroot()


def test_every_figure_is_as_its_code_draws_it(tmp_path):
    for path in IMAGES.glob("*.py"):
        shutil.copy(path, tmp_path)
    subprocess.run([sys.executable, tmp_path / "drawing.py"], check=True)
    drawn = {path.name: path.read_bytes() for path in tmp_path.glob("*.svg")}
    assert sorted(drawn) == [f"{name}.svg" for name in FIGURES]
    assert drawn == {path.name: path.read_bytes() for path in IMAGES.glob("*.svg")}


def test_a_figure_is_small_and_stands_for_itself(figure):
    text = xml.tostring(figure, encoding="unicode")
    assert len(text.encode()) < 30_000
    assert figure.get("role") == "img"
    assert len(figure.find(f"{SVG}title").text) > 20
    assert len(figure.find(f"{SVG}desc").text) > 150
    outside = [link for link in re.findall(r'(?:href="|url\()([^")]*)', text) if not link.startswith("#")]
    assert not outside
    assert not list(figure.iter(f"{SVG}image"))


def test_every_figure_is_shown_in_a_notebook_with_an_alt_text():
    cells = [cell for path in masters().values() for cell in nbformat.read(path, 4).cells]
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    shown = re.findall(r"!\[([^\]]*)\]\(\.\./images/([^)]*)\)", text)
    assert {name for _, name in shown} == {f"{name}.svg" for name in FIGURES}
    assert all(len(alt) > 60 for alt, _ in shown)


# --- Text has room, even in the widest of the usual fonts -----------------------------------------------------------

NORMAL, BOLD = (font_manager.findfont(name) for name in ("DejaVu Sans", "DejaVu Sans:bold"))


def extent(text):
    """(left, top, right, bottom) of a text element set in DejaVu Sans, which is as wide as Verdana."""
    style = text.get("class", "").split()
    size = 15 if "title" in style else 12 if "small" in style else 13
    font = ImageFont.truetype(BOLD if {"title", "strong"} & set(style) else NORMAL, 100)
    width = font.getlength(text.text) * size / 100
    x, y = float(text.get("x")), float(text.get("y"))
    left = x - width * {None: 0, "middle": 0.5, "end": 1}[text.get("text-anchor")]
    return left, y - 0.78 * size, left + width, y + 0.24 * size


def frame(rect):
    x, y, width, height = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def inside(inner, outer, room):
    return (
        inner[0] - outer[0] >= room
        and inner[1] - outer[1] >= 0
        and outer[2] - inner[2] >= room
        and outer[3] - inner[3] >= 0
    )


def apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_no_text_leaves_its_paper_or_its_box(figure):
    paper = 0, 0, float(figure.get("width")), float(figure.get("height"))
    assert paper[2] == drawing.WIDTH
    for text in figure.iter(f"{SVG}text"):
        assert inside(extent(text), paper, room=10), text.text
    for box in figure.iterfind(f".//{SVG}g[@class='box']"):
        for text in box.iter(f"{SVG}text"):
            assert inside(extent(text), frame(box.find(f"{SVG}rect")), room=2), text.text


def test_no_text_lies_on_another_or_on_a_foreign_box(figure):
    for one, other in combinations(figure.iter(f"{SVG}text"), 2):
        assert apart(extent(one), extent(other)), (one.text, other.text)
    boxes = figure.findall(f".//{SVG}g[@class='box']")
    for box in boxes:
        for text in set(figure.iter(f"{SVG}text")) - set(box.iter(f"{SVG}text")):
            assert apart(extent(text), frame(box.find(f"{SVG}rect"))), text.text


# --- Colours --------------------------------------------------------------------------------------------------------


def colours(text):
    return set(re.findall(r"#[0-9a-f]{3,6}\b", text.lower()))


def in_style(mode):
    """{selector: {property: value}} of a figure's style in light or in dark."""
    style = xml.parse(IMAGES / "lenet5.svg").getroot().find(f"{SVG}style").text
    light, dark = style.split("@media (prefers-color-scheme: dark) {")
    rules = {}
    for name, body in re.findall(r"([^{}]+)\{([^{}]+)\}", light if mode == "light" else dark):
        rules.setdefault(name.strip(), {}).update(re.findall(r"([\w-]+): ([^;]+?)(?:;| $)", body))
    return rules


def luminance(colour):
    channels = [value / 255 for value in bytes.fromhex(colour[1:])]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_paper_and_in_boxes(mode):
    rules = in_style(mode)
    papers = [rules[f".{name}"]["fill"] for name in ("paper", *drawing.KINDS)]
    for ink in rules["text"]["fill"], rules["text.muted"]["fill"]:
        assert min(contrast(ink, paper) for paper in papers) >= 4.5
    for kind in "conv", "pool", "plain", "accent":  # lines and outlines; purple is never without a word
        assert contrast(rules[f".{kind}"]["stroke"], rules[".paper"]["fill"]) >= 3


def test_light_figures_have_the_colours_of_the_plots():
    rules = in_style("light")
    strokes = [rules[f".{kind}"]["stroke"] for kind in ("conv", "accent", "pool", "dense", "plain")]
    assert strokes == [plots.BLUE, plots.ORANGE, plots.GREEN, plots.PURPLE, plots.GREY]


def test_colours_come_from_the_style_alone(figure):
    style = figure.find(f"{SVG}style").text
    assert style == xml.parse(IMAGES / "lenet5.svg").getroot().find(f"{SVG}style").text
    elsewhere = colours(xml.tostring(figure, encoding="unicode").replace(style, ""))
    assert elsewhere <= colours(drawing.scene())


# --- What they say is so --------------------------------------------------------------------------------------------


def words(name):
    return " ".join(text.text for text in xml.parse(IMAGES / f"{name}.svg").getroot().iter(f"{SVG}text"))


KINDS = {keras.layers.Conv2D: "conv", keras.layers.MaxPooling2D: "pool", keras.layers.Dense: "dense"}


def as_layers(model):
    """The layers that a figure shows, as it shows them: convolutions of one shape in a row as one."""
    shown = [drawing.Layer("input", ("input",), model.input_shape[1:], 0)]
    for layer in model.layers:
        kind = KINDS.get(type(layer))
        if kind is None:
            continue
        how = ()
        if kind == "conv":
            same = layer.padding == "same" and layer.strides == (1, 1)
            how = f"{layer.kernel_size[0]} × {layer.kernel_size[1]}", "same" if same else f"stride {layer.strides[0]}"
        elif kind == "pool":
            how = f"{layer.pool_size[0]} × {layer.pool_size[1]}", f"stride {layer.strides[0]}"
        shown.append(drawing.Layer(kind, (kind, *how), layer.output.shape[1:], layer.count_params()))
    return shown


def in_stages(layers):
    """Equal convolutions in a row as one layer, and poolings without words, as vgg16.svg shows them."""
    stages = []
    for layer in layers:
        last = stages[-1]._replace(words=layer.words) if stages else None
        if layer.kind == "conv" and (last.kind, last.words, last.shape) == (layer.kind, layer.words, layer.shape):
            layer = layer._replace(parameters=layer.parameters + last.parameters, repeat=last.repeat + 1)
            stages.pop()
        stages.append(layer)
    named = []
    for layer in stages:
        if layer.kind == "conv":
            layer = layer._replace(words=(f"{layer.repeat} × conv", *layer.words[1:]))
        named.append(layer._replace(words=("pool",)) if layer.kind == "pool" else layer)
    return named


def without_weights(network):
    """A network whose weights have a shape and take no memory: half a gigabyte in VGG-16."""
    with shapes_only():
        return network()


def test_lenet5_is_the_network_of_the_course():
    import lenet5

    layers = as_layers(lenet.lenet5())
    assert list(lenet5.LAYERS) == layers
    counts = [layer.parameters for layer in layers if layer.parameters]
    assert all(f"{number:,}" in lenet5.DESCRIPTION for number in [*counts, sum(counts)])
    assert all(f"{number:,}" in words("lenet5") for number in counts)


def test_alexnet_is_the_network_of_the_course():
    import alexnet as drawn

    layers = as_layers(without_weights(alexnet.alexnet))
    assert list(drawn.LAYERS) == layers
    dense = sum(layer.parameters for layer in layers if layer.kind == "dense")
    assert f"{dense / 1e6:.0f} of its {sum(layer.parameters for layer in layers) / 1e6:.0f} million" in drawn.TITLE


def test_vgg16_is_the_network_of_the_course():
    import vgg16

    layers = as_layers(without_weights(vgg.vgg16))
    assert list(vgg16.LAYERS) == in_stages(layers)
    first_dense = next(layer.parameters for layer in layers if layer.kind == "dense")
    assert f"{first_dense / 1e6:.1f} million" in vgg16.DESCRIPTION
    assert f"{sum(layer.parameters for layer in layers) / 1e6:.1f} million" in vgg16.DESCRIPTION


def test_the_bottleneck_saves_what_is_said():
    direct = inception.multiplications(28, 28, 192, 5, 32)
    neck = [inception.multiplications(28, 28, 192, 1, 16), inception.multiplications(28, 28, 16, 5, 32)]
    description = xml.parse(IMAGES / "bottleneck.svg").getroot().find(f"{SVG}desc").text
    for number in direct, *neck, sum(neck):
        assert f"{number:,}" in words("bottleneck")
        assert f"{number:,}" in description
    assert f"{100 * (1 - sum(neck) / direct):.1f} % less" in description


def test_the_inception_module_is_googlenets_first():
    import inception_module

    assert ("3a", *inception_module.FILTERS) == inception.GOOGLENET[0]
    x = inputs = keras.Input((inception_module.SIZE, inception_module.SIZE, inception_module.IN))
    module = keras.Model(inputs, inception.inception_module(x, *inception_module.FILTERS))
    sizes = (f"{h} × {w} × {c}" for _, h, w, c in (module.input_shape, module.output_shape))
    assert all(size in words("inception_module") for size in sizes)
    boxes = [text.split(" | ") for text in boxed("inception_module")]
    for layer in module.layers:
        if isinstance(layer, keras.layers.Conv2D):
            boxes.remove([f"{layer.kernel_size[0]} × {layer.kernel_size[1]}", f"{layer.filters} filters"])
    assert boxes == [["max pool 3 × 3", "stride 1"], ["concat"]]


def test_the_inception_network_is_googlenet():
    import inception_network

    model = inception.GoogLeNet(auxiliary=True)
    drawn = {name: (size, channels) for size, row in inception_network.STAGES for name, channels in row}
    outputs = {layer.name: layer.output.shape[2:] for layer in model.layers}
    assert list(drawn) == [row[0] for row in inception.GOOGLENET if row]
    assert drawn == {name: outputs[f"inception_{name}_output"] for name in drawn}
    assert inception_network.AUXILIARY == inception.AUXILIARY


def boxed(name):
    """The words in each box of a figure, lines joined by " | "."""
    boxes = xml.parse(IMAGES / f"{name}.svg").getroot().findall(f".//{SVG}g[@class='box']")
    return [" | ".join(text.text for text in box.iter(f"{SVG}text")) for box in boxes]


@pytest.mark.parametrize(("build", "panel"), [(resnet.identity_block, 0), (resnet.convolutional_block, 1)])
def test_the_residual_blocks_are_those_of_the_course(build, panel):
    inputs = keras.Input((16, 16, 30))
    filters = {10: "F1", 20: "F2", 30: "F3"}
    strides = {} if panel == 0 else {"s": 2}
    model = keras.Model(inputs, build(inputs, 5, tuple(filters), 2, "a", **strides))
    expected = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel = "f × f" if layer.kernel_size == (5, 5) else "1 × 1"
            stride = f" | stride {'s' if layer.strides == (2, 2) else 1}"
            below_first = filters[layer.filters] == "F1" or layer.strides == (2, 2)
            expected.append(f"conv {kernel}, {filters[layer.filters]}{stride if below_first else ''}")
        elif isinstance(layer, keras.layers.BatchNormalization):
            expected.append("batch norm")
        elif isinstance(layer, keras.layers.ReLU):
            expected.append("ReLU")
    boxes = boxed("residual_block")
    first = len(boxes) // 2 - 1  # the projection's two boxes stand in the second panel
    if panel == 0:
        assert boxes[:first] == expected
    else:  # two ways side by side have no one order
        assert sorted(boxes[first:]) == sorted(expected)


@pytest.mark.parametrize("stem", masters())
def test_the_readme_shows_a_figure_of_each_notebook_as_it_is_stored_there(stem):
    path = covers.path_of(stem)
    assert path.read_bytes() == covers.cover(stem), "python images/covers.py"
    assert f'<img src="{path.relative_to(ROOT).as_posix()}"' in (ROOT / "README.md").read_text(encoding="utf-8")
