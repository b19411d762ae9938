"""Whatever a check passes, later cells go on with: they run here with each right answer of the tables.

Of a master those of its later cells are run that CELLS names, and before them the cells that they need. Data are few
and drawn at random, training takes one step, figures are not drawn but for those of a network. An answer with which one
of them stops has to have been told so by its check, in an advice.
"""

import ast
import builtins
import inspect
import symtable
import warnings
from contextlib import nullcontext
from functools import cache
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import test_answers
import test_check_arrays
import test_check_augmentation
import test_check_blocks
import test_check_classic
import test_check_classic_arrays
import test_check_happy_model
import test_check_inception
import test_check_networks
import test_check_recalibrate
import test_check_resnet_v2
import test_check_shortcut
import test_check_subclassed
import test_check_transfer
from answers import namespace, run, written
from block_variants import RIGHT as RIGHT_BLOCKS

from course_utils import check, plots
from course_utils.check.ask.calling import shapes_only
from course_utils.grading.submissions import all_masters

CELLS = {  # exercise: the later cells that are run with each of its right answers
    "conv_output_size": "grid-code refused sizes",
    "lenet5": "lenet-count-code costs-lenet train-lenets c1-filters c1-maps",
    "local_response_normalization": "lrn-tf-code lrn-size-code",
    "alexnet": "alexnet-count costs-alexnet",
    "vgg16": "vgg-count costs-vgg fc1",
    "conv1x1": "equal-code",
    "multiplications": "direct-count bottleneck-count naive-count reduced-count depthwise-count",
    "inception_module": "module-3a-code googlenet-modules",
    "inception_network": "network-look gradient-plot first-weights",
    "depthwise_separable": "separable-parameters",
    "happy_model": "summary-code counts picture source-seeds batch-statistics",
    "identity_block": "identity-picture small-resnet",
    "convolutional_block": "convolutional-picture small-resnet",
    "zero_pad_shortcut": "padding-price-code",
    "resnet50": "parameters-code not-trained-code thin thin-code reaches better-model",
    "recalibrate_batch_norm": "recalibrated proof-code",
    "resnet50_headless": "proof-count order-look",
    "basic_block": "block-try-code config-code",
    "resnet_subclassed": "save-code",
    "block2": "block-try-code block-picture",
    "stack2": "stack-try",
    "resnet50v2": "count-code",
    "mirror": "mirror-look digits methods",
    "random_crop": "crop-look resized-crop methods",
    "color_shift": "color-look mixed-code methods",
    "pca_color_augmentation": "pca-look-code methods",
    "ensemble_predict": "price-code price-table",
    "ten_crop": "ten-crop-look price-code",
    "transfer_model": "transfer-count",
    "make_pipeline": "which-is-which still-to-do",
    "train_step": "graph",
    "evaluate": "train larger-code",
}
THEN = {  # what is called of the functions that these cells make
    "happy_model": "first[0][0].evaluate(x_val, y_val, verbose=0)[1]",
    "resnet50": "keras.Model(model.input, norms[-1].input)",
    "mirror": "[method(images, rng) for method in METHODS['mirror and crop']]",
    "random_crop": "color_shift(random_crop(images, 24, rng), 30, rng)",
    "color_shift": "cropped(color_shift(images, 30, rng), rng)",
    "pca_color_augmentation": "random_crop(pca_color_augmentation(images, rng), 24, rng)",
    "make_pipeline": "list(still_to_do(x_train, y_train, 2, 1, 0))",
    "evaluate": "f'{evaluate(small, test):.3f}', np.median([evaluate(small, test)])",
    "transfer_model": "keras.Model((large := transfer_model((32, 32, 3), 2, None)).input, large.layers[-1].input)",
    "resnet50v2": "ResNet50V2(depths=(2, 2, 2, 2))",
}
LEFT_OUT = {  # cells that name an answer and take long, or do nothing that those above do not
    "inception-network",
    "module-tiny",
    "train",
    "resnet-subclassed",
    "stack2",
    "resnet50v2",
    "summaries",
    "train-ten",
    "same-step",
    "larger-code",
    "learning-curve",
    "weights-code",
    "deeper-code",
    "found-count-code",
    "raw-code",
    "counts-code",
    "fit",
    "pace-code",
    "eight-code",
    "with-weights-code",
    "features-code",
    "tuned-record",
}
SHAPES = {  # no numbers are needed
    "alexnet",
    "vgg16",
    "inception_module",
    "zero_pad_shortcut",
    "identity_block",
    "convolutional_block",
    "resnet50",
    "resnet50_headless",
    "resnet50v2",
    "transfer_model",
}
V2 = test_check_resnet_v2


def answers():
    """(exercise, name, right answer) of all tables."""
    for table in test_check_arrays.RIGHT, test_check_inception.RIGHT, test_answers.RIGHT:
        yield from ((exercise, name, answer) for (exercise, name), answer in table.items())
    for file in (
        test_check_augmentation,
        test_check_classic_arrays,
        test_check_classic,
        test_check_networks,
        test_check_transfer,
    ):
        yield from ((exercise, name, answer) for name, (exercise, answer) in file.RIGHT.items())
    for exercise in CELLS:
        yield exercise, "the course's own", None
    for exercise, table in test_check_subclassed.RIGHT.items():
        yield from ((exercise, name, answer) for name, answer in table.items())
    for kind, exercise in test_check_blocks.EXERCISE.items():
        for name, function in RIGHT_BLOCKS[kind].items():
            yield exercise, name, test_check_blocks.signed(kind, function)
        for name, answer in test_check_blocks.spellings(2 if kind == "projection" else 1).items():
            if name != ("three_arguments" if kind == "projection" else "no_default"):  # which are not right
                yield exercise, f"called {name}", answer
    for exercise, table in {
        "happy_model": test_check_happy_model.RIGHT,
        "zero_pad_shortcut": test_check_shortcut.RIGHT,
        "recalibrate_batch_norm": test_check_recalibrate.RIGHT,
        "block2": V2.RIGHT,
        "stack2": {answer.__name__: answer for answer in V2.RIGHT_STACKS},
        "resnet50v2": V2.RIGHT_NETWORKS,
    }.items():
        yield from ((exercise, name, answer) for name, answer in table.items())


ANSWERS = {(exercise, name): answer for exercise, name, answer in answers()}
RUN = list(ANSWERS)
ADVICE = {
    "later_call",
    "named_outputs",
    "returned_tensor",
    "nested_model",
    "other_names",
    "same_names",
    "later_block",
    "no_class",
    "no_config",
    "no_graph",
}


# The cells.


def names(source):
    """(names that a cell takes from others, names that it makes), as far as its text tells."""
    taken, made = set(), set()
    for node in ast.parse(source).body:
        taken |= _taken(symtable.symtable(ast.unparse(node), "cell", "exec")) - made
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            made |= {(one.asname or one.name).split(".")[0] for one in node.names}
        else:
            made |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return taken, made


def _taken(table):
    outermost = table.get_type() == "module"
    found = {one.get_name() for one in table.get_symbols() if one.is_referenced() and (outermost or one.is_global())}
    return found.union(*map(_taken, table.get_children()))


def cells_of(exercise, given):
    """The cells of CELLS and those before them that make what they need and is not given, in order: {id: source}."""
    master = next(master for master in all_masters().values() if exercise in master.exercises)
    order = list(master.cells)
    about = {cell: names(source) for cell, source in master.cells.items()}
    chosen, waiting = set(), CELLS[exercise].split()
    while waiting:
        cell = waiting.pop()
        if cell in chosen:
            continue
        chosen.add(cell)
        for name in about[cell][0] - given - {*dir(builtins)}:
            makers = [one for one in order[: order.index(cell)] if name in about[one][1]]
            waiting += makers[-1:]
    return {cell: master.cells[cell] for cell in order if cell in chosen}


def named_by(exercise):
    """The later cells that name the function of an exercise."""
    master = next(master for master in all_masters().values() if exercise in master.exercises)
    cell, function = master.exercises[exercise]
    order = list(master.cells)
    return {one for one in order[order.index(cell) + 1 :] if function in names(master.cells[one])[0]}


@pytest.mark.parametrize("exercise", CELLS)
def test_every_cell_that_names_an_answer_is_run_or_left_out_on_purpose(exercise):
    assert named_by(exercise) <= {*cells_of(exercise, given(exercise, None).keys()), *LEFT_OUT}


# What they are given in place of what takes long.


def few(name):
    """A few pictures of a data set, drawn by chance."""
    size, channels, classes = {
        "mnist": (28, 0, 10),
        "happy": (64, 3, 2),
        "signs": (64, 3, 6),
        "cifar10": (32, 3, 10),
    }[name]
    count = 4 if name == "happy" else 16
    shape = (count, size, size, channels) if channels else (count, size, size)
    words = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"][:classes]
    rng = np.random.default_rng(0)
    parts = {}
    for part in "train", "test":
        parts |= {f"x_{part}": rng.integers(0, 256, shape, dtype="uint8"), f"y_{part}": np.arange(count) % classes}
    return SimpleNamespace(**parts, class_names=words)


def small(size):
    """A compiled model with a normalisation, for pictures of this size."""
    model = keras.Sequential([keras.Input((size, size, 3)), keras.layers.Conv2D(4, 5, 4)])
    model.add(keras.layers.BatchNormalization())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


@cache
def library():
    return keras.applications.ResNet50(include_top=False, weights=None, input_shape=(224, 224, 3))


class NoFigures:
    network, costs = staticmethod(plots.network), staticmethod(plots.costs)

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def noise(count, size):
    return np.random.default_rng(0).random((count, size, size, 3), dtype="float32")


def recalibration():
    model = small(8)
    found = {"model": model, "weights": model.get_weights()}
    return found | {"x_train": noise(320, 8), "x_test": noise(6, 8), "y_test": np.arange(6)}


def augmentation():
    images = np.concatenate([few("cifar10").x_train] * 2)
    labels = np.arange(32) % 10
    found = {"images": images, "labels": labels, "x_test": images, "y_test": labels, "rng": np.random.default_rng(0)}
    large = np.random.default_rng(0).integers(0, 256, (8, 128, 128, 3), dtype="uint8")
    found |= {"bird": large[0], "birds": large}
    names = {"keras": keras, "layers": keras.layers}
    exec(all_masters()["08_data_augmentation"].cells["network"], names)
    weights = names["small_network"]().get_weights()
    return found | {"runs": {"mirror and crop": [(None, None, weights)] * 2}}


def faces():
    """As few pictures in each of the sets that notebook 03 makes, one seed."""
    found = {"s": SimpleNamespace(seeds=(0,), epochs=1)}
    for part in "train", "val":
        found |= {f"x_{part}": noise(4, 64), f"y_{part}": np.arange(4)[:, None] % 2}
    return found


def transfer():
    cifar = few("cifar10")
    pairs = [(cifar.x_test[:10], cifar.y_test[:10]), (cifar.x_test[10:], cifar.y_test[10:])]
    test = tf.data.Dataset.from_generator(lambda: iter(pairs), output_types=("uint8", "int64"))
    any_size = keras.Sequential([keras.layers.GlobalAveragePooling2D()])
    found = {"small": small(32), "borrowed": any_size, "test": test}
    found |= {"x_eight_test": cifar.x_test, "y_eight_test": cifar.y_test}
    return found | {name: getattr(cifar, name) for name in ("x_train", "x_test", "y_train", "y_test")}


def wide():
    """The convolution with which notebook 02 compares, as its cells leave it: built."""
    layer = keras.layers.Conv2D(32, 5, padding="same")
    layer.build((None, 28, 28, 192))
    return layer


MORE = {
    "happy_model": faces,
    "inception_module": lambda: {"name": "3a"},
    "depthwise_separable": lambda: {"wide": wide()},
    "lenet5": lambda: {"train": lambda *args: [0.5]},
    "inception_network": lambda: {"x_train": noise(2, 32), "x_test": noise(2, 32), "y_train": np.arange(2)},
    "recalibrate_batch_norm": recalibration,
    "resnet50_headless": lambda: {"library": library()},
    "basic_block": lambda: {"library": small(8)},
    "resnet_subclassed": lambda: {"library": small(8), "pictures": noise(2, 32)},
    "block2": lambda: {"tiny": np.random.default_rng(0).random((1, 4, 4, 8), dtype="float32")},
}


def given(exercise, answer):
    """{name: what the cells of an exercise find under it, whatever they make}."""

    def nothing(*args, **kwargs):
        return None

    _, function = written(exercise)
    if inspect.isclass(answer):  # as the exercise's cell does
        keras.saving.register_keras_serializable("course")(answer)
    found = {
        function: answer,
        "load": few,
        "record": nothing,
        "plots": NoFigures(),
        "trace_once": nothing,
        "Progress": lambda *args, **kwargs: keras.callbacks.Callback(),
        "own_picture": lambda path, size=(64, 64): np.zeros((*size, 3), "uint8"),
        "tqdm": None,
    }
    more = MORE.get(exercise, dict)()
    stem = next(stem for stem, master in all_masters().items() if exercise in master.exercises)
    more |= {"08_data_augmentation": augmentation, "09_cifar10_transfer": transfer}.get(stem, dict)()
    return {name: one for name, one in (found | more).items() if one is not None or name != function}


@pytest.fixture
def one_step(monkeypatch):
    """Training and evaluating take one step, on few pictures, without a graph."""
    fit = keras.Model.fit

    def short(model, x=None, y=None, validation_data=None, callbacks=(), **how):
        def cut(part):
            return [one[:2] for one in part] if isinstance(part, list | tuple) else part[:2]

        model.run_eagerly = True
        known = validation_data and tuple(map(cut, validation_data))
        return fit(model, cut(x), cut(y), batch_size=2, epochs=1, verbose=0, validation_data=known)

    monkeypatch.setattr(keras.Model, "fit", short)


def stops(exercise, answer):
    """(cell, error) where a later cell stops, or None."""
    found = given(exercise, answer)
    with shapes_only() if exercise in SHAPES else nullcontext():
        stopped = _stops(exercise, found)
    looks_at_numbers = stopped and "stateless scope" in str(stopped[1])
    return _stops(exercise, found) if looks_at_numbers else stopped


def _stops(exercise, found):
    space = {"__name__": "__main__"}
    cells = cells_of(exercise, found.keys()) | ({"then": THEN[exercise]} if exercise in THEN else {})
    for cell, source in cells.items():
        space |= found
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(source, f"<cell {cell}>", "exec"), space)
        except Exception as error:
            return cell, error
    return None


@pytest.mark.parametrize(("exercise", "name"), RUN, ids=[f"{exercise}-{name}" for exercise, name in RUN])
def test_later_cells_run(exercise, name, one_step, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    stopped = stops(exercise, ANSWERS[exercise, name])
    if stopped:
        result = check.run(exercise, ANSWERS[exercise, name])
        assert {finding.code for finding in result.findings if finding.mark == "advice"} & ADVICE, stopped


@pytest.mark.parametrize("exercise", CELLS)
def test_the_calls_that_a_check_knows_are_those_of_the_cells(exercise):
    master = next(master for master in all_masters().values() if exercise in master.exercises)
    order = list(master.cells)
    later = "\n".join(master.cells[cell] for cell in order[order.index(master.exercises[exercise][0]) + 1 :])
    for call in check.EXERCISES[exercise].later:
        assert call in later


def test_the_librarys_order_of_layers_is_asked_for():
    """Of right blocks that add the shortcut last the library's weights do not fit in their order."""
    names = namespace("resnet50v2") | {"layers": keras.layers, "ops": keras.ops}
    for exercise in "block2", "stack2", "resnet50v2":
        source, _ = written(exercise)
        assert exercise != "block2" or "([shortcut, x])" in source
        run(source.replace("([shortcut, x])", "([x, shortcut])"), names, f"<cell {exercise}>")
    result = check.resnet50v2(names["ResNet50V2"])
    assert (result.points, [finding.code for finding in result.findings if not finding.passed]) == (5, ["other_order"])


def test_a_step_of_numbers_is_told_that_a_graph_has_none():
    result = check.train_step(ANSWERS["train_step", "step_by_position"])
    assert (result.points, [finding.code for finding in result.findings if not finding.passed]) == (2, ["no_graph"])
