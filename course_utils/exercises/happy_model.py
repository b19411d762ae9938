"""happy_model (notebook 03): a classifier of two kinds of 64x64x3 pictures. Any good one is right.

What a failure hides is not reached and earns nothing. Where the config allows it, the network is rebuilt here and its
own answers are judged; elsewhere (a subclass, a Lambda) those in the evidence.
"""

from dataclasses import replace

import numpy as np

from course_utils.check import graph, numbers
from course_utils.check.exercise import Exercise
from course_utils.check.judge import call_problem, not_a_model, not_reached, passed
from course_utils.check.result import UNANSWERED, Finding, Step
from course_utils.environment import quiet

SHAPE = (64, 64, 3)
RETURNED = {"outcome": "returned"}
STEPS = (
    Step("builds", 1, "builds a new model", "It builds a new model."),
    Step("takes", 1, "takes pictures of shape (64, 64, 3)", f"It takes pictures of shape {SHAPE}."),
    Step("one_answer", 1, "gives one answer per picture", "It gives one answer per picture."),
    Step("probability", 1, "answers with a probability", "Its answers are probabilities."),
    Step("listens", 1, "learns from the picture", "Its answers depend on the picture."),
    Step("bends", 1, "is more than a linear model", "It is more than a linear model."),
)


def _request(seed, hidden):
    further = [{"seed": seed + 1}, {"seed": seed + 2}, {"seed": seed, "alone": True}]
    return {"arguments": {"input_shape": [*SHAPE]}, "probes": [{"seed": seed}, *(further if hidden else [])]}


def _judge(request, evidence):
    seeds = [probe["seed"] for probe in request["probes"] if "alone" not in probe]
    graded = any("alone" in probe for probe in request["probes"])
    with quiet():  # Keras warns of some of the mistakes looked for here
        findings = [*_findings(evidence["probes"][0], seeds, graded)]
    if findings[0].code == UNANSWERED:
        return findings
    return findings + [not_reached(step) for step in STEPS[len(findings) :]]


def _findings(evidence, seeds, graded):
    """The steps' findings, as far as one can get."""
    from course_utils.check.ask.classifier import answers, pictures
    from course_utils.check.evidence import outputs

    builds = _builds(evidence)
    if "run" not in evidence or builds.code in ("too_large", UNANSWERED):
        yield builds
        return
    try:
        network = _rebuilt(evidence)
    except numbers.TooLarge as error:
        yield _fault("too_large", f"{evidence['call']['name']} is too large: {error}.")
        return
    yield builds
    yield (takes := _accepts_input(evidence, network))
    if not takes.passed and takes.code != "no_input":
        return
    yield (shape := _one_answer(evidence["first"] if network is None else outputs(network, pictures(SHAPE, 0)[:2])))
    if not shape.passed and shape.code != "two_outputs":
        return
    y = evidence["answers"] if network is None else [answers(network, SHAPE, seed) for seed in seeds]
    y = np.stack(y).astype("float64")  # (seeds, the head as it is and turned, pictures, ...)
    y = y.reshape(*y.shape[:3], -1)
    yield (end := _probability(y, evidence))
    if end.code in ("nan", "softmax_of_one"):
        return
    yield _depends_on_input(y[..., 0], evidence, graded)
    if end.passed or end.code == "loss":
        yield _is_nonlinear(_logits(y), evidence)
    elif end.code == "logits":
        yield _is_nonlinear(y[..., 0], evidence)


def _rebuilt(evidence):
    """The network of the evidence's config, or None where there is none or it holds more than built-in layers."""
    from course_utils.check.evidence import MAX_PARAMETERS

    config = evidence.get("model", {}).get("config")
    try:
        return numbers.rebuild(config, MAX_PARAMETERS) if config else None
    except numbers.TooLarge:
        raise
    except numbers.CannotRebuild:
        return None


def _builds(evidence):
    call, second = evidence["call"], evidence.get("second_call", RETURNED)
    problem = (
        call_problem(call, 1) or not_a_model(call, 1) or call_problem(second, 1, f"A second call of {call.get('name')}")
    )
    if problem:
        return problem
    name = call["name"]
    if evidence["same"]:
        return _fault(
            "global_model",
            f"Two calls of {name} return the very same model. It is made outside the function, so what the function "
            "itself builds remains unknown. Which name does the last line return?",
        )
    if evidence["run"]["outcome"] in ("too large", "unanswered"):  # a model that makes its weights when it is run
        return call_problem(evidence["run"] | {"name": name}, 1)
    if evidence.get("shared"):
        return _fault(
            "shared_weights",
            f"Two models from {name} share weights: training one changes the other. Where are their layers made?",
        )
    return replace(passed(STEPS[0]), message=f"{name} builds a new model.")


def _accepts_input(evidence, network):
    shape = network.input_shape if network else evidence.get("model", {}).get("input_shape")
    if shape is not None and not _fits(shape):
        got = str(tuple(shape[1:])) if shape[:1] in ([None], (None,)) else str(shape)
        return _fault(
            "input_shape",
            f"The model takes inputs of shape {got}, the pictures have {SHAPE}. Where does the function use its "
            "argument input_shape?",
            str(SHAPE),
            got,
        )
    failed = [evidence.get(key, RETURNED) for key in ("run", "look", "probe")]
    failed = next((attempt for attempt in failed if attempt["outcome"] != "returned"), None)
    if failed is None and not evidence["built"]:
        return _no_input(evidence)
    if failed is None:
        return passed(STEPS[1])
    return call_problem(
        failed, 1, f"The model that {evidence['call']['name']} builds, shown pictures of shape {SHAPE},"
    )


def _no_input(evidence):
    """The finding for a model without weights before its first picture: later cells count and draw them."""
    text = (
        f"The model that {evidence['call']['name']} returns does not know its input yet, so it has no weights before "
        "its first picture. The cells below count and draw them."
    )
    if evidence["model"]["kind"] == "subclassed":
        expected, hint = "a call of model.build((None, *input_shape))", "Which call builds a model of your own class?"
    else:
        expected, hint = "layers.Input(input_shape) at the beginning", "Which layer says what comes in?"
    return _fault("no_input", f"{text} {hint}", expected, "none")


def _fits(shape):
    return len(shape) == 4 and all(n in (None, m) for n, m in zip(shape[1:], SHAPE, strict=True))


def _one_answer(first):
    """first: the outputs for two pictures, a list of arrays."""
    expected = "(n, 1)"
    if len(first) != 1:
        return _fault(
            "several_outputs",
            f"The model has {len(first)} outputs. How many answers does one question need?",
            expected,
            f"{len(first)} outputs",
        )
    pictures, *each = first[0].shape or [None]
    if pictures != 2:
        return _fault(
            "output_not_per_picture",
            f"Shown two pictures, the model gives an output of shape {first[0].shape}: not one answer per picture. "
            "Which layer mixes the pictures of a batch?",
            expected,
            str(first[0].shape),
        )
    got = f"({', '.join(map(str, ('n', *each)))})"
    if len(each) > 1:
        return _fault(
            "output_not_flat",
            f"What comes out for a picture still is a feature map, of shape {tuple(each)}. Which layer makes a vector "
            "of a feature map?",
            expected,
            got,
        )
    if each == [2]:
        return _fault(
            "two_outputs",
            "The model gives two numbers per picture, one per class. One is asked for, that the face is happy, and the "
            "loss below compares one. How many units should the last layer have, and which activation?",
            expected,
            got,
        )
    if each not in ([], [1]):
        return _fault(
            "output_units",
            f"The model gives {each[0]} numbers per picture. Happy or not is one question: how many units should the "
            "last layer have?",
            expected,
            got,
        )
    note = "" if each else ", as (n,); the labels are (n, 1), and Keras makes the two fit"
    return replace(passed(STEPS[2]), message=f"It gives one answer per picture{note}.")


def _probability(y, evidence):
    """y: (seeds, 2, pictures, 1 or 2)."""
    finite = y[np.isfinite(y)]
    if np.isnan(evidence["first"][0]).any() or not finite.size:
        return _fault("nan", "The model answers NaN, not a number. Where could it divide by zero or take a logarithm?")
    usual = y[:, :, :9]  # pictures in 0..1, for which a sigmoid is never saturated here
    low, high = finite.min(), finite.max()
    inside = low >= 0 and high <= 1 + 1e-6
    shown = usual if usual.min() < 0 or usual.max() > 1 else finite
    span = f"{_number(shown.min())} to {_number(shown.max())}"
    if y.shape[-1] == 2:
        if inside and np.allclose(y.sum(-1), 1, atol=1e-2):
            return passed(STEPS[3])
        return not_reached(STEPS[3])
    if np.allclose(finite, 1, rtol=0, atol=1e-6):  # e / e, which some processors round
        return _fault(
            "softmax_of_one",
            "Every picture gets exactly 1. Softmax makes its outputs sum to one, and a single output can then only be "
            "1. Which activation turns one number into a probability?",
            "a number between 0 and 1",
            "always 1",
        )
    last = _last_activation(evidence)
    if not inside and (last == "linear" or (last is None and low < -2 and high > 2)):
        return _fault(
            "logits",
            f"The answers are logits: they go from {span}, and a probability lies between 0 and 1. What should follow "
            "the last layer's sum?",
            "0 to 1",
            span,
        )
    if not inside:
        named = f" ({last})" if last else ""
        return _fault(
            "end_activation",
            f"The last activation{named} gives answers from {span}; a probability lies between 0 and 1. Which "
            "activation stays between the two?",
            "0 to 1",
            span,
        )
    if np.isin(usual, (0, 1)).mean() > 0.2:
        return _fault(
            "clipped",
            "Many pictures get exactly 0 or exactly 1: the answer is cut off, and where it is, no gradient flows back. "
            "Which activation approaches 0 and 1 without reaching them?",
        )
    if low == 0.5 < high and (y == 0.5).mean() > 0.2:
        return _fault(
            "one_sided",
            "No answer lies below 0.5: this model can never say 'not happy'. What happens to a negative number "
            "between the last layer's sum and the sigmoid?",
            "0 to 1",
            span,
        )
    loss = (evidence["model"]["loss"] or "").replace("sparse_", "")
    if loss == "categorical_crossentropy":
        return _fault(
            "loss",
            "The model is compiled with a categorical cross-entropy, which compares the outputs of several classes "
            "and is always zero for a single one. Which loss belongs to one probability?",
            "binary_crossentropy",
            evidence["model"]["loss"],
        )
    return passed(STEPS[3])


def _last_activation(evidence):
    """The name of the activation at the end, or None where the config does not tell."""
    try:
        found = graph.trace(evidence["model"]["config"])
        call = found.calls[found.outputs[0].call]
    except graph.UnreadableConfig:
        return None
    name = call.config.get("activation", call.kind.lower())
    return name if name in numbers.ACTIVATIONS else None


def _logits(y):
    """What stood before the sigmoid or the softmax; NaN where they were saturated."""
    yes, no = (y[..., 0], 1 - y[..., 0]) if y.shape[-1] == 1 else (y[..., 1], y[..., 0])
    with np.errstate(all="ignore"):
        return np.where((yes > 1e-3) & (no > 1e-3), np.log(yes) - np.log(no), np.nan)


def _depends_on_input(y, evidence, graded):
    """y: (seeds, 2, pictures), the first output."""
    y = np.where(np.isfinite(y), y, 0)
    if np.ptp(y, axis=-1).max() < 2e-6 * max(1, np.abs(y).max()):  # float32 tells 6e-8 apart
        return _fault(
            "ignores_input",
            "Every picture gets the same answer: nothing of it reaches the output. Follow the path from the input to "
            "the output: where does it break off?",
        )
    if evidence["model"]["trainable"] == 0 or _frozen(evidence):
        return _fault("nothing_to_train", "The model has no weight that can be trained. Which layers should learn?")
    if graded:
        alone, batch, again = evidence["alone"]
        apart = np.allclose(batch, again, atol=1e-3) and not np.allclose(alone, batch, atol=1e-2)
        if apart or _always_training(evidence):
            return _fault(
                "batch_dependent",
                "A picture alone gets another answer than the same picture in a batch. Which layer looks at the batch "
                "even when the model predicts?",
            )
    return passed(STEPS[4])


# What a config tells, whatever the rest of the evidence says.


def _frozen(evidence):
    """Does the config say of every layer that it is not trainable?"""
    calls = [call for call in _calls(evidence) if call.kind != "InputLayer"]
    return bool(calls) and all(call.config.get("trainable") is False for call in calls)


def _always_training(evidence):
    """Does the config call a batch normalisation with training=True?"""
    norms = (call for call in _calls(evidence) if call.kind == "BatchNormalization")
    return any(call.kwargs.get("training") is True for call in norms)


def _calls(evidence):
    try:
        return graph.trace(evidence["model"]["config"]).calls
    except graph.UnreadableConfig:
        return []


# A function that is linear (plus a constant) gives zero in each of these sums over the nine pictures.
STRAIGHT = np.array([
    [-2, 1, 1, 0, 0, 0, 0, 0, 0],  # grey, grey + a, grey - a
    [-2, 0, 0, 1, 1, 0, 0, 0, 0],  # grey, grey + b, grey - b
    [-2, 0, 0, 0, 0, 0, 0, 1, 1],  # grey, white, black
    [0, -1, 0, -1, 0, 2, 0, 0, 0],  # grey + (a + b)/2 between grey + a and grey + b
    [0, -1, 0, 0, -1, 0, 2, 0, 0],
])  # fmt: skip


def _is_nonlinear(z, evidence):
    """Is the network linear up to the sigmoid? Asked of every nine pictures whose logits can be told."""
    exact = evidence["model"]["config"] or evidence["model"]["dtype"] == "float32"
    enough, straight = (1e-2, 2e-3) if exact else (0.2, 2e-2)  # well above the rounding of float32 and of float16
    nines = z.reshape(-1, 9)
    spread = np.ptp(nines, axis=1)
    told = np.isfinite(spread) & (spread > enough)
    bend = np.abs(nines[told] @ STRAIGHT.T).max(axis=1) / spread[told]
    if told.any() and bend.max() < straight:
        return _fault(
            "linear",
            "Up to the last activation the model is linear: layers with no activation between them are together "
            "one linear layer, however many they are. What should follow each of them?",
        )
    return passed(STEPS[5])


def _number(value):
    text = f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
    return text if (0 <= float(text) <= 1) == (0 <= value <= 1) else f"{value:.8g}"


def _fault(code, message, expected=None, got=None):
    return Finding(code, False, message, expected, got, points=1)


exercise = Exercise(
    notebook="03",
    place=1,
    title="HappyModel",
    steps=STEPS,
    ask="classifier",
    request=_request,
    judge=_judge,
    hints=(
        "What does the last layer give: how many numbers for each picture, and between which limits? Then "
        "look at the first layer: where does the model learn the shape of its pictures?",
        "Begin with an `Input` of the shape that you are given and call each layer on what the one before "
        "returned. Then make the `keras.Model` from the first tensor and the last. For a single number the "
        "sigmoid gives a probability; a softmax of one number is always 1.",
    ),
    arguments="input_shape",
    later=("HappyModel((64, 64, 3))",),
)
