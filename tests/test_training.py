"""One line that tells how far a training is; pictures that would teach nonsense; checkpoints."""

import itertools
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from course_utils.errors import CourseError
from course_utils.training import (
    BatchStatistics,
    Progress,
    check_pictures,
    load_checkpoint,
    save_checkpoint,
    start_anew,
    trace_once,
)


def test_of_several_outputs_the_named_one_is_told(capsys):
    x = keras.Input((3,))
    model = keras.Model(x, [layers.Dense(1, name="main")(x), layers.Dense(1, name="main_2")(x)])
    model.compile("sgd", ["mse", "mse"], metrics=[["mae"], ["mae"]])
    zeros = np.zeros((4, 1))
    model.fit(np.ones((4, 3)), [zeros, zeros], epochs=2, verbose=0, callbacks=[Progress("slow", of="main")])
    *_, line = capsys.readouterr().out.strip().split("\r")
    assert re.fullmatch(r"slow: epoch 2/2 - \d+ s - loss \d+\.\d{3} - mae \d+\.\d{3}", line)


def test_a_long_epoch_is_told_step_by_step_and_each_line_covers_the_one_before(capsys, monkeypatch):
    monkeypatch.setattr(Progress, "EVERY", 0)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    ones = np.ones((4, 1))
    model.fit(np.ones((4, 3)), ones, batch_size=2, epochs=2, verbose=0, callbacks=[Progress("slow")])
    _, *lines, last = capsys.readouterr().out.split("\r")
    assert last == lines[-1].rstrip() + "\n"
    told = [re.fullmatch(r"slow: epoch (.*?) - \d+ s( - loss \d+\.\d{3})? *", line) for line in lines]
    first = "1/2, the first step takes longest"
    expected = [first, "1/2, step 1/2", "1/2, step 2/2", "1/2", "2/2, step 1/2", "2/2, step 2/2", "2/2"]
    assert [match[1] for match in told] == expected
    assert [bool(match[2]) for match in told] == [False] + [True] * 6
    assert all(len(line) >= len(before.rstrip()) for before, line in itertools.pairwise(lines))


def test_short_epochs_need_no_steps(capsys):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    progress = Progress()
    progress.EVERY = 1e9
    model.fit(np.ones((4, 3)), np.ones((4, 1)), batch_size=1, epochs=3, verbose=0, callbacks=[progress])
    assert re.findall(r"epoch ([/\d]+)", capsys.readouterr().out) == ["1/3", "1/3", "2/3", "3/3", "3/3"]


def test_what_each_batch_said_is_kept_and_gives_the_averages_of_any_momentum():
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, (12, 4, 4, 5)).astype("float32"), rng.normal(size=(12, 1))

    def trained(momentum):
        keras.utils.set_random_seed(0)
        norms = [layers.BatchNormalization(momentum=momentum) for _ in range(2)]
        model = keras.Sequential(
            [keras.Input((4, 4, 5)), norms[0], layers.Conv2D(3, 3), norms[1], layers.Flatten(), layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        watched = BatchStatistics(norms)
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[watched])
        return watched

    watched = trained(0.99)
    assert len(watched.batches) == 6
    for step, batch in enumerate(watched.batches):  # the first normalisation sees the pictures themselves
        pictures = x[4 * (step % 3) :][:4]
        assert np.allclose(batch[0], pictures.mean(axis=(0, 1, 2)), atol=1e-4)
        assert np.allclose(batch[1], pictures.var(axis=(0, 1, 2)), atol=1e-3)
    for momentum in 0.99, 0.9, 0.5:
        kept = watched.start
        for batch in watched.batches:
            kept = [momentum * old + (1 - momentum) * new for old, new in zip(kept, batch, strict=True)]
        really = trained(momentum).now()
        assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(kept, really, strict=True))
    watched.put(watched.start)
    assert all(np.array_equal(a, b) for a, b in zip(watched.now(), watched.start, strict=True))


def test_of_a_data_set_of_unknown_length_no_total_is_told(capsys, monkeypatch):
    monkeypatch.setattr(Progress, "EVERY", 0)
    progress = Progress()
    progress.set_params({"epochs": 1, "steps": None})  # as Keras does in such a case
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out.rstrip().endswith("epoch 1/1, step 1 - 0 s - loss 1.000")


@keras.saving.register_keras_serializable("test_training")
class Traced(layers.Dense):
    """Counts how often its call is gone through in Python: once for each trace of the step."""

    calls = 0

    def call(self, inputs, training=None):
        Traced.calls += bool(training)
        return super().call(inputs)


@pytest.mark.parametrize(
    ("one_hot", "loss"), [(False, "sparse_categorical_crossentropy"), (True, "categorical_crossentropy")]
)
def test_the_training_step_is_traced_once_and_learns_the_same(one_hot, loss):
    x, y = np.random.default_rng(0).normal(size=(8, 4)).astype("float32"), np.arange(8) % 3
    y = keras.utils.to_categorical(y) if one_hot else y
    traces, learned = [], []
    for prepare in (lambda *_: None, trace_once):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(), Traced(3, activation="softmax")])
        model.compile("adam", loss, metrics=["accuracy"])
        Traced.calls = 0
        prepare(model, x, y)
        history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
        traces.append(Traced.calls)
        learned.append(
            [*history["accuracy"], *history["loss"], *np.concatenate([w.ravel() for w in model.get_weights()])]
        )
    assert traces == [2, 1]
    np.testing.assert_allclose(*learned, rtol=1e-6, atol=1e-7)


def test_a_step_with_several_outputs_is_traced_once_too():
    x, y, traces, learned = np.ones((8, 4), "float32"), np.arange(8) % 3, [], []
    for prepare in (lambda *_: None, trace_once):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4,))
        model = keras.Model(inputs, [Traced(3, activation="softmax")(inputs), layers.Dense(3)(inputs)])
        losses = ["sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy(from_logits=True)]
        model.compile("adam", losses, loss_weights=[1.0, 0.3], metrics=[["accuracy"], []])
        Traced.calls = 0
        prepare(model, x, [y, y])
        history = model.fit(x, [y, y], batch_size=4, epochs=2, shuffle=False, verbose=0).history
        traces.append(Traced.calls)
        learned.append(sorted(history.values()))  # by their numbers, as layers' names are numbered on
    assert traces == [2, 1]
    np.testing.assert_allclose(*learned, rtol=1e-6)


# --- Pictures and labels ---------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (10, 8, 8, 3), "uint8")
LABELS = np.arange(10)


def rates():
    return keras.optimizers.schedules.CosineDecay(1e-2, 12)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.Adam(rates()),
        lambda: keras.optimizers.AdamW(1e-2),
        lambda: keras.optimizers.SGD(1e-2, momentum=0.9),
        lambda: keras.optimizers.Adagrad(1e-2),  # its sums do not begin at zero
    ],
)
def test_a_model_that_starts_anew_learns_as_a_new_one_does(optimizer):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 5)).astype("float32"), np.arange(24) % 3

    def make():
        return keras.Sequential([keras.Input((5,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(3)])

    def compiled():
        model = make()
        model.compile(optimizer(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def trained(model):
        start_anew(model, make, seed=5)
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        return model.get_weights()

    new, used = compiled(), compiled()
    used.fit(x, y, batch_size=8, epochs=3, verbose=0)
    for one, other in zip(trained(new), trained(used), strict=True):
        assert np.allclose(one, other, atol=1e-6)
    assert used.optimizer.iterations == 6


def test_the_learning_rate_stays_where_a_training_starts_anew():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(np.ones((2, 2)), np.ones(2), verbose=0)
    model.optimizer.learning_rate = 0.25
    start_anew(model, lambda: keras.Sequential([keras.Input((2,)), layers.Dense(1)]), seed=0)
    assert float(model.optimizer.learning_rate) == 0.25


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("n", [1, 7, 10])
def test_pictures_in_0_to_255_with_whole_numbers_pass(dtype, n):
    check_pictures(PICTURES[:n].astype(dtype), LABELS[:n], classes=10)
    check_pictures(PICTURES[:n].astype(dtype), LABELS[:n].astype("uint8"), classes=10)


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (PICTURES / 255, LABELS, "between 0 and 1 instead of 0 and 255"),
        ((PICTURES / 255).astype("uint8"), LABELS, "between 0 and 1"),
        (PICTURES / 127.5 - 1, LABELS, "prepared already"),
        (PICTURES * 255.0, LABELS, "instead of 0 to 255"),
        (np.where(PICTURES > 250, np.nan, PICTURES), LABELS, "go from nan"),
        (PICTURES[0], LABELS, "an array (n, height, width, channels), not of shape (8, 8, 3)"),
        (PICTURES[:0], LABELS[:0], "not of shape (0, 8, 8, 3)"),
        (PICTURES, LABELS + 1, "go from 1 to 10: of 10 classes they are 0 to 9"),
        (PICTURES, LABELS - 1, "go from -1 to 8"),
        (PICTURES, np.eye(10), "one-hot: give whole numbers"),
        (PICTURES, LABELS[:9], "10 pictures need labels of shape (10,), not (9,)"),
        (PICTURES, LABELS[:, None], "not (10, 1)"),
        (PICTURES, LABELS / 1.0, "whole numbers, not float64"),
    ],
)
def test_what_would_teach_nonsense_is_one_sentence(images, labels, words):
    with pytest.raises(CourseError, match=re.escape(words)) as found:
        check_pictures(images, labels, classes=10)
    assert "\n" not in str(found.value)


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def network(width=4):
    """With running averages and a random layer: each has a state of its own."""
    parts = layers.Conv2D(width, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dropout(0.5, seed=3)
    model = keras.Sequential([layers.Input((8, 8, 3)), *parts, layers.Dense(10)])
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def steps(model, count):
    for i in range(count):
        model.train_on_batch(PICTURES[i : i + 5], LABELS[i : i + 5])


def state(model):
    return [keras.ops.convert_to_numpy(v) for v in [*model.variables, *model.optimizer.variables]]


def same(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that has taken three steps, and its checkpoint."""
    keras.utils.set_random_seed(0)
    model = network()
    steps(model, 3)
    path = tmp_path_factory.mktemp("checkpoints") / "training.npz"
    save_checkpoint(path, model, model.optimizer, epoch=2, step=7)
    return model, path


def test_a_training_goes_on_from_its_checkpoint(trained):
    """Another model of the same build, even with other weights and an optimizer that was never used, takes over."""
    model, path = trained
    other = network()
    assert not same(state(model), state(other))
    assert load_checkpoint(path, other, other.optimizer) == (2, 7)
    assert same(state(model), state(other))
    again = network()
    load_checkpoint(path, again, again.optimizer)
    steps(other, 2)
    steps(again, 2)
    assert not same(state(model), state(other))
    assert same(state(other), state(again))


def test_without_a_checkpoint_a_training_begins(tmp_path):
    model = network()
    before = state(model)
    assert load_checkpoint(tmp_path / "none.npz", model, model.optimizer) == (0, 0)
    assert same(before[: len(model.variables)], state(model)[: len(model.variables)])


def refused(path, words, model):
    before = state(model)
    content = path.read_bytes() if path.is_file() else None
    with pytest.raises(CourseError, match=words) as found:
        load_checkpoint(path, model, model.optimizer)
    assert "\n" not in str(found.value)
    assert same(before, state(model))  # nothing is half loaded
    assert content is None or path.read_bytes() == content


def test_a_truncated_checkpoint_is_refused_wherever_it_was_cut(trained, tmp_path):
    model, path = trained
    content, cut = path.read_bytes(), tmp_path / "cut.npz"
    for size in np.linspace(0, len(content) - 1, 25).astype(int):
        cut.write_bytes(content[:size])
        refused(cut, "cut.npz is no checkpoint, or damaged", model)


def test_a_checkpoint_with_flipped_bits_is_refused(trained, tmp_path):
    model, path = trained
    content, flipped = bytearray(path.read_bytes()), tmp_path / "flipped.npz"
    place = content.find(np.ascontiguousarray(model.get_weights()[0]).tobytes())
    content[place + 9] ^= 0x40
    flipped.write_bytes(content)
    refused(flipped, "damaged", model)


@pytest.mark.parametrize("name", ["pictures.npz", "array.npy", "note.txt"])
def test_another_file_is_refused(trained, tmp_path, name):
    path = tmp_path / name
    np.savez(tmp_path / "pictures.npz", x_train=PICTURES)
    np.save(tmp_path / "array.npy", PICTURES)
    (tmp_path / "note.txt").write_text("not a checkpoint")
    refused(path, f"{name} is no checkpoint, or damaged", trained[0])


def test_a_folder_is_refused(trained, tmp_path):
    refused(tmp_path, "cannot be read", trained[0])


def test_a_checkpoint_of_another_model_or_optimizer_is_refused(trained):
    _, path = trained
    wider = network(width=5)
    wider.optimizer.build(wider.trainable_variables)
    refused(path, "is of another model: give this training a file of its own", wider)
    other = network()
    other.compile(keras.optimizers.AdamW(), other.loss)  # with the same variables as Adam
    other.optimizer.build(other.trainable_variables)
    refused(path, "is of the optimizer Adam, not AdamW", other)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(trained, tmp_path, monkeypatch):
    model, path = trained
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(before[:1000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CourseError, match="cannot be written: No space left on device"):
        save_checkpoint(path, model, model.optimizer, 3, 0)
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


# --- The loop of notebook 09, killed ---------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
import nbformat
import numpy as np
from course_utils.quiet import keras, tf
from course_utils.files import masters

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def page():
    # The functions that the page trains by, on pictures and a network of our own.
    cells = {cell.id: cell.source for cell in nbformat.read(masters()["09_cifar10_transfer"], 4).cells}
    names = {}
    for name in "setup", "make-pipeline", "train-step", "evaluate", "graph", "still-to-do", "train":
        exec(cells[name].split("def steps_per_second")[0], names)
    return names

def train(path, then):
    # Two epochs of 17 steps with a checkpoint every ten; the weights at the end go to path.npy.
    names = page()
    if then:
        then(names)
    keras.utils.set_random_seed(2)
    layers = keras.layers
    parts = layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dropout(0.5)
    model = keras.Sequential([layers.Input((8, 8, 3)), *parts, layers.Dense(10)])
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (1073, 8, 8, 3), "uint8"), rng.integers(0, 10, 1073)
    names["train"](model, keras.optimizers.Adam(), x, y, 2, "training", path=path)
    np.save(path + ".npy", np.concatenate([w.ravel() for w in model.get_weights()]))

def between_checkpoints(names):
    step, count = names["graph_step"], iter(range(30))
    names["graph_step"] = lambda *args: step(*args) if next(count, None) is not None else killed()

def while_writing(names):
    def half(file, **arrays):
        save(file, **arrays)
        file.truncate(file.tell() // 2)
        file.flush()
        killed()
    save, np.savez = np.savez, half

for path, then in ("whole", None), ("broken", between_checkpoints), ("broken", while_writing), ("broken", None):
    print("child", flush=True)
    child = os.fork()  # of a process that has run no operation yet
    if not child:
        train(path, then)
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (-signal.SIGKILL if then else 0)
    assert os.path.exists(path + ".npy") == (not then)
"""


def test_the_loop_of_the_page_survives_being_killed(tmp_path):
    """Killed by SIGKILL between two checkpoints, then while writing one, it ends with the weights of a whole run."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COURSE_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    whole, broken = np.load(tmp_path / "whole.npy"), np.load(tmp_path / "broken.npy")
    assert np.array_equal(whole, broken)
    begun = [re.search(r" (\d+)/34 ", output)[1] for output in done.stdout.split("child")[1:]]
    assert begun == ["0", "0", "27", "27"]  # it went on from the checkpoint of step 10 of the second epoch
