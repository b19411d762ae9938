"""train_step (notebook 09): one step of training by hand; the loss before the step is returned."""

import random
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import call_problem
from course_utils.check.judge.arrays import by_step
from course_utils.check.judge.later import advice
from course_utils.check.result import Finding, Step

STEP, MODE, PENALTY = "step", "mode", "penalty"
TRAINER = "keras.src.backend.tensorflow.trainer:TensorFlowTrainer"


def _request(seed, hidden):
    rng = random.Random(seed)
    probes = [("sgd", True, [6, 5], None), ("adam", False, [4], None), ("sgd", False, [5], 0.2)]
    if hidden:
        probes += [("adam", True, [rng.randint(2, 9), 1], None), ("sgd", False, [rng.randint(2, 9)] * 3, None)]
    keys = "optimizer", "one_hot", "sizes", "decay"
    return {
        "probes": [dict(zip(keys, probe, strict=True)) | {"seed": seed + i} for i, probe in enumerate(probes)],
        "graph": not hidden,
        "forbidden": [f"{TRAINER}.fit", f"{TRAINER}.train_on_batch"],
    }


class Probe(NamedTuple):
    """One of the request's, as `lru_cache` takes it."""

    optimizer: str
    one_hot: bool
    sizes: tuple[int, ...]
    decay: float | None
    seed: int


class Variant(NamedTuple):
    """How a step may be taken. penalty: are the layers' losses added? times: how often the gradient is applied."""

    training: bool = True
    penalty: bool = True
    times: int = 1
    sign: int = 1
    swapped: bool = False
    passes: int = 1


class State(NamedTuple):
    """What a probe leaves. weights: all of the model's; after: the losses after each step, in training and not."""

    weights: list
    optimizer: list
    losses: list
    after: list


def _in_a_graph(request, evidence):
    """The advice on a step that cannot be made a graph of."""
    if evidence.get("graph", {}).get("outcome") == "raised":
        text = (
            "A cell below makes a graph of it, tf.function(train_step), in which the loss has no number yet: .numpy() "
            "stops there. Return the loss as it is."
        )
        yield advice("no_graph", text, "the loss, a tensor", evidence["graph"]["error"]["type"])


def _judge(request, evidence):
    both = zip(request["probes"], evidence["probes"], strict=True)
    probes = ((Probe(**probe | {"sizes": tuple(probe["sizes"])}), came) for probe, came in both)
    return by_step([fault for probe, came in probes for fault in _faults(probe, came)], exercise.steps)


def _faults(probe, found):
    """(name of a step, the finding for what is wrong there, or None) of each step."""
    call = found["call"]
    name = call.get("name", "the answer")
    what = f"{name}, called with the optimizer {probe.optimizer} and a batch of {probe.sizes[0]},"
    problem = call_problem(call, 0, what)
    if problem:
        return [(STEP, problem), (MODE, problem)]
    before, trainable, moving = _about(probe)
    state = State(found["weights"], found["optimizer"], found["losses"], [])
    variants = VARIANTS if probe.decay else VARIANTS[:2]
    right = (variant for variant in variants if _moved_as(state, taken(probe, variant), before, trainable))
    variant = next(right, None)
    step = None if variant else _step(probe, state, before, trainable)
    mode = _mode(state, taken(probe, variant or Variant()), before, moving, bool(variant))
    mode = mode or _loss(probe, state, found["call"], variants, bool(variant))
    penalty = None
    if probe.decay and variant and not variant.penalty:
        text = (
            "A layer that penalises large weights has no effect: what it adds is not part of the loss. Where does a "
            "model keep the losses of its layers?"
        )
        penalty = Finding("penalty_missing", False, text)
    return [(STEP, step), (MODE, mode)] + ([(PENALTY, penalty)] if probe.decay else [])


VARIANTS = (
    Variant(),
    Variant(training=False),
    Variant(penalty=False),
    Variant(training=False, penalty=False),
)  # of which each is a step


@lru_cache(64)
def _about(probe):
    """(the weights before, the positions of the trainable ones, those of the moving statistics)."""
    from course_utils.check.ask.training import setting

    model, *_ = setting(probe._asdict())
    trainable = {id(weight) for weight in model.trainable_weights}
    places = [i for i, weight in enumerate(model.weights) if id(weight) in trainable]
    moving = [i for i, weight in enumerate(model.weights) if "moving" in weight.name]
    return [weight.numpy() for weight in model.weights], places, moving


@lru_cache(256)
def taken(probe, variant):
    """The State after the steps of a probe, taken in some variant."""
    import tensorflow as tf

    from course_utils.check.ask.training import setting

    model, optimizer, loss_fn, batches = setting(probe._asdict())

    def loss_of(x, y, training):
        said = model(x, training=training)
        loss = loss_fn(said, y) if variant.swapped else loss_fn(y, said)
        return tf.add_n([loss, *model.losses]) if variant.penalty else loss

    losses, after = [], []
    for x, y in batches:
        for _ in range(variant.passes - 1):
            model(x, training=variant.training)
        with tf.GradientTape() as tape:
            loss = loss_of(x, y, variant.training)
        gradients = tape.gradient(loss, model.trainable_variables)
        for _ in range(variant.times):
            optimizer.apply([variant.sign * gradient for gradient in gradients], model.trainable_variables)
        losses.append(float(loss))
        kept = [weight.numpy() for weight in model.weights]
        after.append([float(loss_of(x, y, training)) for training in (False, True)])
        for weight, value in zip(model.weights, kept, strict=True):
            weight.assign(value)
    return State(
        [weight.numpy() for weight in model.weights],
        [np.array(variable, "float32") for variable in optimizer.variables],
        losses,
        after,
    )


def _moved_as(state, other, before, trainable):
    """Are the weights that are no moving statistics, and the optimizer, where another way brings them?"""
    still = [i for i in range(len(before)) if i not in trainable and state.weights[i].shape == before[i].shape]
    moved = all(_near(state.weights[i] - before[i], other.weights[i] - before[i]) for i in trainable)
    kept = all(np.array_equal(state.weights[i], before[i]) for i in still if i in _frozen(before, trainable, other))
    return moved and kept and all(map(_near, state.optimizer, other.optimizer))


def _frozen(before, trainable, other):
    """The positions of the weights that a step leaves as they are."""
    return [i for i in range(len(before)) if i not in trainable and np.array_equal(other.weights[i], before[i])]


def _near(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=0, atol=1e-3 * np.abs(b).max(initial=0) + 1e-6)


def _step(probe, state, before, trainable):
    """The finding for weights that no right step leaves."""
    changed = [not np.array_equal(now, then) for now, then in zip(state.weights, before, strict=True)]
    frozen = _frozen(before, trainable, taken(probe, Variant()))
    if any(changed[i] for i in frozen):
        text = (
            "Weights of a layer that is not trainable have changed. Which of a model's weights belong to the gradient?"
        )
        return Finding("frozen_changed", False, text)
    if not any(changed[i] for i in trainable):
        text = "After the step all weights are what they were. Who applies the gradients?"
        return Finding("nothing_learned", False, text)
    if not all(changed[i] for i in trainable):
        text = (
            f"Only {sum(changed[i] for i in trainable)} of {len(trainable)} trainable weights have changed. For which "
            "of them is the gradient asked?"
        )
        return Finding("some_weights", False, text)
    for code, variant, text in WRONG[: None if probe.one_hot else -1]:  # sparse labels cannot be swapped
        modes = (True, True), (True, False), (False, True), (False, False)
        variants = (variant._replace(training=training, penalty=penalty) for training, penalty in modes)
        if any(_moved_as(state, taken(probe, one), before, trainable) for one in variants):
            return Finding(code, False, text)
    from course_utils.check.ask.training import setting

    first = setting(probe._asdict())[1]
    if all(np.array_equal(now, then.numpy()) for now, then in zip(state.optimizer, first.variables, strict=True)):
        text = "The weights have changed, and the optimizer knows nothing of it. Whose task is the step?"
        return Finding("optimizer_unused", False, text)
    text = (
        "The weights are not where one step of the optimizer brings them. Of which loss, and on which predictions, is "
        "the gradient taken?"
    )
    return Finding("other_step", False, text)


WRONG = (
    (
        "uphill",
        Variant(sign=-1),
        "The weights move uphill: the loss grows with each step. Which sign has the gradient?",
    ),
    ("two_steps", Variant(times=2), "Each call takes two steps. How often are the gradients applied?"),
    (
        "arguments_swapped",
        Variant(swapped=True),
        "The loss compares labels with predictions the wrong way round. In which order does loss_fn take them?",
    ),
)


def _mode(state, right, before, moving, stepped):
    """The finding for moving statistics that are not where training brings them, or None."""
    if all(np.array_equal(state.weights[i], before[i]) for i in moving):
        text = (
            "The moving statistics of batch normalisation are what they were: the model runs in inference mode. Which "
            "argument of its call says that it is trained?"
        )
        return Finding("inference_mode", False, text)
    if not stepped or all(_near(state.weights[i] - before[i], right.weights[i] - before[i]) for i in moving):
        return None
    text = (
        "The moving statistics of batch normalisation are not where one pass in training mode brings them. How often "
        "does the model see the batch?"
    )
    return Finding("other_statistics", False, text)


def _loss(probe, state, call, variants, stepped):
    """The finding for what is not the loss before the step, or None."""
    loss, name = state.losses[0], call["name"]
    if loss is None:
        text = f"{name} returns {call['words']}, not the loss alone. What should its last line give back?"
        return Finding("no_loss", False, text, "the loss, a scalar", call["words"])
    if isinstance(loss, list):
        text = f"{name} returns an array of shape {tuple(loss)}. How many losses has a batch?"
        return Finding("loss_not_scalar", False, text, "a scalar", f"shape {tuple(loss)}")
    steps = len(state.losses) if stepped else 1
    if any(_close(state.losses[:steps], taken(probe, variant).losses[:steps]) for variant in variants):
        return None
    first, after = taken(probe, Variant()).losses[0], [taken(probe, variant).after[0] for variant in variants]
    if any(_close([loss], [value]) for values in after for value in values):
        text = "The loss that is returned is that after the step. When is the one computed that led to the step?"
        return Finding("loss_after_the_step", False, text, f"{first:.4g}", f"{loss:.4g}")
    text = "What is returned is not the loss whose gradient was taken. Which number led to the step?"
    return Finding("other_loss", False, text, f"{first:.4g}", f"{loss:.4g}")


def _close(some, others):
    numbers = all(isinstance(one, float) for one in some)
    return numbers and np.allclose(some, others, rtol=1e-3, atol=1e-5)


exercise = Exercise(
    notebook="09",
    place=3,
    title="train_step",
    steps=(
        Step(STEP, 1, "takes the step", "The optimizer moves the trainable weights by one step, and no others."),
        Step(
            MODE,
            1,
            "trains, and returns the loss",
            "The model is in training mode, and the loss before the step returned.",
        ),
        Step(PENALTY, 0, "adds the losses of the layers", "The losses that layers add are part of it."),
    ),
    ask="training",
    request=_request,
    judge=_judge,
    hints=(
        "What has to happen while the tape records, and what afterwards? The tape knows only what was "
        "computed inside its block.",
        "Inside the `with` block call the model in training mode and compute the whole loss: that of loss_fn,"
        " which takes the labels first, and the sum of `model.losses`. Behind it, `tape.gradient` takes the "
        "loss and the trainable variables, and the optimizer's `apply` takes gradients and variables.",
    ),
    arguments="model, optimizer, loss_fn, x, y",
    later=("train_step(by_hand, keras.optimizers.SGD(0.1, momentum=0.9), loss_fn, *batch)",),
    advice=_in_a_graph,
)
