"""No answer touches another: what Keras, TensorFlow and the process remember is put right, and the line is named."""

import json
import os
import random
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from answers import answer, namespace, run, written
from nbformat.v4 import new_code_cell, new_notebook
from shells import new_shell
from tensorflow.python.eager import context
from tensorflow.python.framework import config

from course_utils import check
from course_utils.check import evidence, state
from course_utils.check.judge import call_problem, old_names
from course_utils.check.state import SETTINGS
from course_utils.errors import CourseError
from course_utils.files import masters
from course_utils.networks import resnet
from course_utils.quiet import keras, tf


@pytest.fixture(autouse=True)
def as_found():
    """Each test leaves the process as it was, whatever it checks."""
    before, numbers = read(), (random.getstate(), np.random.get_state())
    yield
    for name, setting in SETTINGS.items():
        if setting.read() != before[name]:
            setting.write(before[name])
    random.setstate(numbers[0])
    np.random.set_state(numbers[1])


def read():
    return {name: setting.read() for name, setting in SETTINGS.items()}


def faults(result):
    return [finding.code for finding in result.findings if not finding.passed]


LINES = [
    ('keras.backend.set_image_data_format("channels_first")', "image_data_format"),
    ('keras.config.set_floatx("float64")', "floatx"),
    ("keras.config.set_epsilon(0.1)", "epsilon"),
    ('keras.config.set_dtype_policy("mixed_float16")', "dtype_policy"),
    ('keras.mixed_precision.set_global_policy("float64")', "dtype_policy"),
    ("keras.config.set_max_epochs(1)", "max_epochs"),
    ("keras.config.disable_traceback_filtering()", "traceback_filtering"),
    ("keras.utils.clear_session()", "session"),
    ("keras.utils.set_random_seed(3)", "seed"),
    ("tf.random.set_seed(3)", "seed"),
    ("np.random.seed(3)", "seed"),
    ("random.seed(3)", "seed"),
    ("tf.config.run_functions_eagerly(True)", "run_functions_eagerly"),
    ("tf.compat.v1.disable_eager_execution()", "eager_execution"),
    ("tf.compat.v1.disable_v2_behavior()", "eager_execution"),
    ("tf.config.experimental.enable_op_determinism()", "op_determinism"),
    ("tf.data.experimental.enable_debug_mode()", "debug_mode"),
    ("tf.config.experimental_run_functions_eagerly(True)", "run_functions_eagerly"),
    ('keras.config.set_backend("jax")', "backend"),
    ("sys.setrecursionlimit(10_000)", "recursion_limit"),
    ('np.seterr(all="raise")', "floating_point_errors"),
    ('os.environ["KERAS_BACKEND"] = "jax"', "environment"),
    ('os.environ.pop("PATH")', "environment"),
    ('os.chdir("/")', "folder"),
]
MORE = {"os": os, "sys": sys, "np": np, "tf": tf, "random": random, "keras": keras}


@pytest.mark.parametrize(("line", "name"), LINES)
def test_changing_the_process_keeps_marks_and_names_the_line(line, name):
    before, session = read(), state.global_state.GLOBAL_STATE_TRACKER
    result = check.run("identity_block", answer("identity_block", line, names=namespace("identity_block") | MORE))
    # In a second block names begin anew, and there is no PATH any more.
    twice = {"keras.utils.clear_session()": ["same_names"], 'os.environ.pop("PATH")': ["later_block"]}.get(line, [])
    assert (result.points, faults(result)) == (8, [*twice, f"{name}_changed"])
    assert f"Line 2, `{line}`, changes " in result.findings[-1].message
    assert (read(), state.global_state.GLOBAL_STATE_TRACKER) == (before, session)
    assert check.run("convolutional_block", answer("convolutional_block")).findings[-1].passed


@pytest.mark.parametrize("exercise", ["lenet5", "happy_model", "basic_block", "random_crop", "train_step"])
def test_answers_of_every_kind_are_asked_as_if_the_line_were_not_there(exercise):
    lines = [line for line, name in LINES if name in dict(state.IGNORED)]
    names = namespace(exercise) | MORE
    result = check.run(exercise, answer(exercise, "; ".join(lines), names=names))
    assert result.status == "ok"
    assert len(faults(result)) == 1  # a line is named once


def test_what_is_set_to_what_it_is_needs_no_word():
    line = 'keras.config.set_image_data_format("channels_last"); keras.config.set_floatx("float32")'
    assert not faults(check.run("identity_block", answer("identity_block", line)))


def test_what_an_answer_puts_back_itself_needs_none():
    line = 'keras.config.set_floatx("float16"); keras.config.set_floatx("float32")'
    assert not faults(check.run("identity_block", answer("identity_block", line)))


def test_a_helper_in_another_cell_is_found_too():
    names = namespace("identity_block")
    run('def helper():\n    keras.config.set_floatx("float16")\n', names, "<cell helper>")
    result = check.run("identity_block", answer("identity_block", "helper()", names=names))
    assert 'Line 2, `keras.config.set_floatx("float16")`, ' in result.findings[-1].message


# What the notebook itself has set.


BEFORE = [
    ('keras.config.set_image_data_format("channels_first")', "image_data_format", "channels_first"),
    ('keras.config.set_floatx("float64")', "floatx", "float64"),
    ('keras.config.set_dtype_policy("mixed_bfloat16")', "dtype_policy", "mixed_bfloat16"),
    ("keras.config.disable_traceback_filtering()", "traceback_filtering", False),
    ("tf.config.run_functions_eagerly(True)", "run_functions_eagerly", True),
    ("tf.compat.v1.disable_eager_execution()", "eager_execution", False),
]


@pytest.mark.parametrize(("line", "name", "value"), BEFORE)
def test_a_cell_above_is_named_and_its_setting_left_to_the_cells_below(line, name, value):
    names = namespace("convolutional_block") | MORE
    run(f"{line}\n", names, "<cell above>")
    result = check.run("convolutional_block", answer("convolutional_block", names=names))
    assert (result.status, faults(result)) == ("ok", [f"{name}_changed"])
    assert f"Another cell, in `{line}`, changes " in result.findings[-1].message
    assert SETTINGS[name].read() == value


def test_the_reference_is_built_with_the_courses_settings_too():
    keras.config.set_image_data_format("channels_first")
    result = check.run("inception_module", answer("inception_module"))
    assert (result.status, faults(result)) == ("ok", ["image_data_format_changed"])


def test_seeds_set_at_the_top_are_no_fault_and_go_on_where_they_were():
    keras.utils.set_random_seed(3)
    wanted = random.random(), np.random.rand(), float(keras.random.normal(())), float(tf.random.normal(()))
    keras.utils.set_random_seed(3)
    assert not faults(check.run("happy_model", answer("happy_model")))
    assert wanted == (random.random(), np.random.rand(), float(keras.random.normal(())), float(tf.random.normal(())))


def test_the_same_answer_gives_the_same_evidence_whatever_was_drawn_before():
    def HappyModel(input_shape):
        return [random.random(), np.random.rand()]

    seen = []

    def spy(*args):
        seen.append(HappyModel(*args))

    check.run("happy_model", spy)
    random.random()
    np.random.rand()
    keras.utils.set_random_seed(5)
    check.run("happy_model", spy)
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]


def test_in_a_folder_that_was_removed(tmp_path):
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        result = check.run("train_step", tf.function(answer("train_step")))
        assert (result.status, faults(result)) == ("ok", [])
    finally:
        os.chdir(tmp_path)


def test_names_go_on_where_they_were():
    before = [keras.layers.Dense(1).name for _ in range(2)][1]
    assert check.run("identity_block", answer("identity_block")).status == "ok"
    assert keras.layers.Dense(1).name == re.sub(r"\d+$", lambda match: str(int(match[0]) + 1), before)

    def within(X, f, filters, stage, block):
        assert keras.layers.Dense(1).name not in (before, None)
        return X

    assert check.run("identity_block", within).findings[0].code == "returned_input"


def test_outside_of_a_check_a_cell_may_set_what_it_likes():
    _, found = evidence.attempt(lambda: keras.config.set_floatx("float64"))
    assert (found, keras.config.floatx()) == ({"outcome": "returned"}, "float64")


def test_a_stub_is_told_alone():
    keras.config.set_floatx("float64")
    names = {"check": check}
    run("def HappyModel(input_shape):\n    raise check.NotAnswered()\n", names, "<cell stub>")
    assert faults(check.run("happy_model", names["HappyModel"])) == ["unanswered"]


def test_the_functions_that_are_ignored_work_again_after_an_interrupt():
    def HappyModel(input_shape):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.run("happy_model", HappyModel)
    keras.config.set_floatx("float16")
    tf.config.run_functions_eagerly(True)
    config.enable_op_determinism()
    assert (keras.config.floatx(), tf.config.functions_run_eagerly()) == ("float16", True)
    assert config.is_op_determinism_enabled()
    assert context.executing_eagerly()


def test_in_a_notebook_the_advice_is_shown_and_takes_nothing():
    shell = new_shell()
    shell.run_cell("from course_utils import check\nimport keras")
    shell.run_cell(re.sub(r"(?<=:\n)", "    keras.utils.clear_session()\n", written("conv_output_size")[0], count=1))
    shown = str(shell.run_cell("check.conv_output_size(conv_output_size)").result)
    assert shown.startswith("conv_output_size: 1 of 1 point\n  advice       Line 2, `keras.utils.clear_session()`, ")


# Names of an older Keras.


OLD = [
    ("from keras.layers import merge", "keras.layers.Add"),
    ("from keras.layers.merge import add", "keras.layers.Add"),
    ("import keras.layers.merge", "keras.layers.Add"),
    ("keras.layers.merge([1], mode='sum')", "keras.layers.Add"),
    ("from keras.utils import np_utils", "keras.utils.to_categorical"),
    ("from keras.utils.np_utils import to_categorical", "keras.utils.to_categorical"),
    ("from tensorflow.keras.utils import np_utils", "keras.utils.to_categorical"),
    ("from tensorflow.python.keras.layers import Dense; Dense(3)(keras.Input((8,)))", "keras instead of"),
    ("from tensorflow.python.keras.models import Model; x = keras.Input((8,)); Model(x, x)", "keras instead of"),
    ("keras.optimizers.Adam(lr=0.1)", "learning_rate instead of lr"),
    ("tf.keras.optimizers.SGD(lr=0.1)", "learning_rate instead of lr"),
    ("keras.optimizers.Adam().lr", "learning_rate"),
    ("keras.optimizers.legacy.Adam()", "the same optimizer in keras.optimizers"),
    ("from keras.optimizers import adam_v2", "keras.optimizers.Adam"),
    ("from keras.layers.normalization import BatchNormalization", "keras.layers.BatchNormalization"),
    ("keras.layers.normalization.BatchNormalization()", "keras.layers.BatchNormalization"),
    ("from keras.layers.convolutional import Conv2D", "the same layer in keras.layers, such as keras.layers.Conv2D"),
    ("from keras.layers.core import Dense", "the same layer in keras.layers, such as keras.layers.Dense"),
    ("from keras.engine.topology import Layer", "keras.Model, keras.Input, keras.layers.Layer"),
    ("from keras import engine", "keras.Model, keras.Input, keras.layers.Layer"),
    ("from keras.preprocessing.image import ImageDataGenerator", "keras.utils.image_dataset_from_directory"),
    ("tf.keras.layers.experimental.preprocessing.Rescaling(1)", "the same layer in keras.layers"),
    ("keras.layers.Conv2D(3, 3, border_mode='same', subsample=2)", "padding instead of border_mode and strides"),
    ("keras.layers.Dense(output_dim=3)", "units instead of output_dim"),
    ("keras.layers.Dropout(p=0.5)", "rate instead of p"),
    ("x = keras.Input((3,)); keras.Model(input=x, output=x)", "inputs instead of input and outputs instead of output"),
    ("keras.Sequential().fit(None, nb_epoch=3)", "epochs instead of nb_epoch"),
    ("keras.Sequential().fit_generator(None)", "fit"),
    ("keras.Sequential().predict_classes(None)", "predict, and the argmax"),
    ("from keras import backend as K; K.mean(1)", "a function of keras.ops"),
    ("from keras import backend as K; K.int_shape(1)", "the tensor's own shape"),
    ("import keras.backend.tensorflow_backend", "a function of keras.ops"),
    ("from keras.wrappers.scikit_learn import KerasClassifier", "keras.wrappers.SKLearnClassifier"),
    ("from keras.utils.vis_utils import plot_model", "keras.utils.plot_model"),
    ("from keras_applications import resnet", "keras.applications"),
    ("tf.placeholder(tf.float32)", "keras.Input"),
    ("tf.train.AdamOptimizer()", "keras.optimizers.Adam"),
    ("tf.contrib.layers", "keras"),
]
NOT_OLD = [
    "keras.layers.Dens(3)",
    "import keras.layer",
    "keras.layers.Dense(3, kernel=1)",
    "(lambda x: x)(mode=1)",
    "[].lrr",
    "import not_there",
    "keras.Model(1)",
]


def told(line):
    names = {"keras": keras, "tf": tf}
    run(f"def old():\n    {line}\n", names, "<cell old>")
    _, found = evidence.call(names["old"], {})
    return call_problem(found, 1).message


@pytest.mark.parametrize(("line", "today"), OLD)
def test_an_old_name_is_told_with_its_line_and_todays(line, today):
    message = told(line)
    assert message.startswith(f"old stops in line 2, `{line}`: ")
    assert f". Today: {today}" in message
    assert "site-packages" not in message


def test_a_model_of_the_old_keras_is_told():
    names = {}
    run(
        "from tensorflow.python.keras import layers, models\n"
        "def HappyModel(input_shape):\n"
        "    x = layers.Input(input_shape)\n"
        "    return models.Model(x, layers.Dense(1)(x))\n",
        names,
        "<cell old>",
    )
    message = check.run("happy_model", names["HappyModel"]).findings[0].message
    assert message.startswith("HappyModel returns a Functional of tensorflow.python.keras, not a model. ")
    assert message.endswith(" Today: keras instead of tensorflow.python.keras.")


@pytest.mark.parametrize("line", NOT_OLD)
def test_nothing_is_said_of_other_mistakes(line):
    assert "Today" not in told(line)


def test_todays_names_are_todays():
    every = [*old_names.TODAY.values(), *old_names.ARGUMENTS.values(), *old_names.ATTRIBUTES.values()]
    names = {name for words in every for name in re.findall(r"\b(?:keras|tf)(?:\.\w+)+", words)}
    assert len(names) > 40
    for name in names:
        found = MORE[name.split(".")[0]]
        for part in name.split(".")[1:]:
            found = getattr(found, part)


# Inside a tf.function.


IN_A_GRAPH = [
    (
        "    y = x + 1\n    return y.not_there",
        4,
        "AttributeError: 'SymbolicTensor' object has no attribute 'not_there'",
    ),
    ("    return keras.layers.Dense(3)(x, 1)", 3, "ValueError: Only input tensors may be passed as positional "),
    ("    return helper(x)", 8, "ValueError: Dimensions must be equal, "),
    ("    return {}['key']", 3, "KeyError: 'key'"),
    ("    raise Own('mine')", 3, "Own: mine"),
    ("    return x * tf.Variable(1.0)", 3, "ValueError: tf.function only supports singleton tf.Variables "),
    (
        "    return tf.gather(x, tf.cast(x[0, 0] + 7, tf.int32))",
        3,
        "InvalidArgumentError: indices = 7 is not in [0, 2)",
    ),
    ("    if x.shape[0] > 1:\n        raise ValueError('two lines\\n\\nof text')", 4, "ValueError: two lines"),
]


@pytest.mark.parametrize(("body", "line", "text"), IN_A_GRAPH)
def test_an_exception_in_a_tf_function_is_told_as_it_was_raised(body, line, text):
    class Own(Exception):
        pass

    names = {"keras": keras, "tf": tf, "Own": Own}
    source = f"@tf.function\ndef f(x):\n{body}\n"
    source += "\n" * (6 - source.count("\n")) + "def helper(x):\n    return tf.matmul(x, x)\n"
    run(source, names, "<cell f>")
    _, found = evidence.call(names["f"], {"x": tf.zeros((2, 3))})
    stated = source.splitlines()[line - 1].strip()
    found = call_problem(found, 1).message
    assert f"f stops in line {line}" in found
    assert f", `{stated}`" in found
    assert f": {text}" in found
    assert ("called in line 3: " in found) == ("helper" in body)


def test_a_stub_in_a_tf_function_is_a_stub():
    names = {"tf": tf, "check": check}
    run("@tf.function\ndef train_step(model, optimizer):\n    raise check.NotAnswered()\n", names, "<cell stub>")
    result = check.run("train_step", names["train_step"])
    assert result.findings[0].message.startswith("This exercise is not answered yet: train_step still raises check.Not")


@pytest.mark.parametrize("decorate", [tf.function, tf.function(reduce_retracing=True)])
def test_a_step_as_a_tf_function_serves_several_models_and_batches(decorate):
    result = check.run("train_step", decorate(answer("train_step")), hidden=True)
    assert (result.status, faults(result)) == ("ok", [])


# Other ways to write an activation, and weights of one's own.


@keras.saving.register_keras_serializable(package="mine")
class Own(keras.initializers.Initializer):
    def __init__(self, scale=0.05):
        self.scale = scale

    def __call__(self, shape, dtype=None, **more):
        return self.scale * keras.random.normal(shape, dtype=dtype)

    def get_config(self):
        return {"scale": self.scale}


RELU = ["layers.ReLU()", 'layers.Activation("relu")', "tf.nn.relu", "layers.Activation(tf.nn.relu)", "ops.relu"]
SOFTMAX = ["layers.Softmax()", 'layers.Activation("softmax")', "tf.nn.softmax", "layers.Activation(tf.nn.softmax)"]


def rewritten(exercise, pattern, by):
    """The course's own answer with something in it written in another way."""
    source, name = written(exercise)
    source, count = re.subn(pattern, by, source)
    assert count
    names = {name: value for name, value in vars(resnet).items() if not name.startswith("_")}
    names |= namespace(exercise) | {"tf": tf, "Own": Own}
    run(source, names, f"<cell {exercise}>")
    return names[name]


@pytest.mark.parametrize("exercise", ["alexnet", "block2", "resnet50", "inception_module", "identity_block"])
@pytest.mark.parametrize("relu", RELU)
def test_an_activation_may_be_a_layer_or_a_function_of_tensorflow(exercise, relu):
    found = r'(?<=activation=)"relu"|(?<=Activation\()"relu"|ReLU\(\)'
    wanted = {"ReLU()": f"Activation({relu})"}
    result = check.run(exercise, rewritten(exercise, found, lambda match: wanted.get(match[0], relu)))
    assert (result.status, faults(result)) == ("ok", [])


@pytest.mark.parametrize("exercise", ["lenet5", "alexnet", "resnet50"])
@pytest.mark.parametrize("softmax", SOFTMAX)
def test_and_so_may_the_last(exercise, softmax):
    result = check.run(exercise, rewritten(exercise, '"softmax"', softmax))
    assert (result.status, faults(result)) == ("ok", [])


@pytest.mark.parametrize("exercise", ["lenet5", "alexnet", "block2", "resnet50"])
def test_an_initialiser_of_ones_own_changes_nothing(exercise):
    calls = r"((?:Conv2D|Dense)\((?:[^()]|\([^()]*\))*)\)"
    result = check.run(exercise, rewritten(exercise, calls, r"\1, kernel_initializer=Own(0.1))"))
    assert (result.status, faults(result)) == ("ok", [])


# The environment in which the course's processes run.


OTHERS = {"KERAS_BACKEND": "jax", "TF_USE_LEGACY_KERAS": "1", "KERAS_MAX_EPOCHS": "1", "KERAS_NNX_ENABLED": "true"}
CONFIG = {"floatx": "float64", "epsilon": 0.1, "backend": "theano", "image_data_format": "channels_first"}


def home(folder, config=CONFIG):
    (folder / ".keras").mkdir(parents=True)
    (folder / ".keras" / "keras.json").write_text(json.dumps(config))
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_HOME"}
    return kept | {"HOME": str(folder)}


def python(code, environment, *words):
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


SHOWN = "c = keras.config; print(c.backend(), c.floatx(), c.epsilon(), c.image_data_format(), c.max_epochs())"


@pytest.mark.parametrize("first", ["from course_utils.quiet import keras", "import keras"])
def test_notebooks_run_with_the_courses_settings_in_anybodys_shell(tmp_path, first):
    (tmp_path / "notebooks").mkdir()
    notebook = new_notebook(cells=[new_code_cell(f"{first}\nfrom course_utils.quiet import tf\n{SHOWN}")])
    notebook.cells[0].source += "\nprint(tf.keras.layers.Layer is keras.layers.Layer)"
    nbformat.write(notebook, tmp_path / "notebooks" / "01_first.ipynb")
    code = (
        "import pathlib, sys; from course_utils import cli, files;"
        "files.NOTEBOOKS = pathlib.Path(sys.argv.pop(1)); cli.main()"
    )
    environment = home(tmp_path / "home", CONFIG) | OTHERS
    done = python(code, environment, tmp_path / "notebooks", "run", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout
    shown = nbformat.read(tmp_path / "out" / "01_first.ipynb", as_version=4).cells[0].outputs[0].text
    assert shown == "tensorflow float32 1e-07 channels_last None\nTrue\n"


def test_checks_know_of_no_keras_json(tmp_path):
    code = "from course_utils import check; print(check.conv_output_size(lambda n, f, p=0, s=1: None))"
    done = python(code, home(tmp_path) | OTHERS)
    assert done.stdout.startswith("conv_output_size: 0 of 1 point\n  to do ")
    assert "advice" not in done.stdout
    done = python(f"import keras; {code}", home(tmp_path / "other", CONFIG | {"backend": "tensorflow"}))
    assert "which line of yours does that, or the file ~/.keras/keras.json?" in " ".join(done.stdout.split())


def test_a_keras_json_that_keras_refuses_is_named(tmp_path):
    done = python("from course_utils.quiet import keras", home(tmp_path, {"epsilon": 1}))
    *_, last = done.stderr.strip().splitlines()
    assert "CourseError: Keras cannot use its file keras.json, which is in the folder .keras of your home: " in last
    assert last.endswith("Take that file away, and Keras writes a new one.")


def test_another_backend_is_named_before_anything_is_judged(monkeypatch):
    monkeypatch.setattr(keras.src.backend.config, "_BACKEND", "torch")
    with pytest.raises(CourseError, match="Keras runs on torch here, and the checks need TensorFlow: "):
        check.happy_model(len)


@pytest.mark.isolation
def test_in_grading_each_exercise_is_asked_for_itself(tmp_path):
    stem = "04_residual_blocks"
    notebook = nbformat.read(masters()[stem], as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "identity_block":
            line = '    keras.backend.set_image_data_format("channels_first")\n'
            cell.source = re.sub(r"(?<=:\n)(?=    )", line, cell.source, count=1)
            cell.source += '\n\nkeras.config.set_floatx("float64")\n'
    (tmp_path / "in" / "Ada").mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "in" / "Ada" / f"{stem}.ipynb")
    code = "from course_utils.cli import main; main()"
    environment = home(tmp_path / "home") | OTHERS
    done = python(code, environment, "grade", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(next(tmp_path.glob("out/results/*/*.json")).read_text())
    assert [one["points"] for one in record["exercises"]] == [8, 8, 3]
    advice = [[f["code"] for f in one["findings"] if not f["passed"]] for one in record["exercises"]]
    assert advice == [["floatx_changed", "image_data_format_changed"], ["floatx_changed"], ["floatx_changed"]]
