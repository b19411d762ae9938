"""transfer_model (notebook 09): a head on the frozen body of ResNet101V2. Weights should be handed on."""

from functools import lru_cache

import numpy as np

from course_utils.check import graph, numbers
from course_utils.check.difference import differences, foremost
from course_utils.check.judge.arrays import by_step
from course_utils.check.judge.models import network as network_exercise
from course_utils.check.judge.models import readable
from course_utils.check.result import Finding, Step
from course_utils.environment import quiet

NO_WEIGHTS = "there are no such weights"  # which Keras refuses before it builds anything


def _hidden(rng):
    return [{}, {"input_shape": [rng.randint(33, 80), rng.randint(33, 80), 3], "classes": rng.randint(2, 20)}]


BODY, HEAD, WEIGHTS = "body", "head", "weights"
CONVOLUTIONS = 104


def _judge(evidence, steps):
    calls = [probe["call"] for probe in evidence["probes"] if probe["asked"].get("refused")]
    evidence = evidence | {"probes": [probe for probe in evidence["probes"] if not probe["asked"].get("refused")]}
    problem, networks = readable(evidence, 0, graph.trace)
    found = [(BODY, problem), (HEAD, problem)] if problem else []
    for asked, _, network in networks if not problem else ():
        try:
            faults = _faults(asked["arguments"], network)
        except graph.UnreadableConfig:
            text = "Pictures, body and head do not follow one another. On which tensor is each of them called?"
            faults = [Finding("other_order", False, text)] * 2
        found += zip((BODY, HEAD), faults, strict=True)
    return by_step([*found, *((WEIGHTS, _weights(call)) for call in calls)], steps)


def _weights(call):
    if call["outcome"] != "returned":
        return None
    text = "With weights='there are no such weights' it builds all the same. Where is the argument used?"
    return Finding("weights_ignored", False, text, "an error of Keras'", call["words"])


def _faults(asked, network):
    """(the finding for the body, that for freezing and the head), None where nothing is wrong. network: a Trace."""
    shape, classes = tuple(asked.get("input_shape", (32, 32, 3))), asked.get("classes", 10)
    calls = network.calls
    convolutions = [i for i, call in enumerate(calls) if call.kind == "Conv2D"]
    if len(network.inputs) != 1 or len(network.outputs) != 1 or not convolutions:
        text = "There is no body: a model of one input, one output and convolutions between them. Where is ResNet101V2?"
        fault = Finding("no_body", False, text)
        return fault, fault
    got = tuple(calls[network.inputs[0].call].config.get("batch_shape") or [None])[1:]
    if got != shape:
        text = f"With input_shape={shape}, the model takes inputs of shape {got}. Where is the argument used?"
        return Finding("wrong_input_shape", False, text, str(shape), str(got)), None
    first, last = _start(calls, convolutions[0]), _end(calls, convolutions[-1])
    body = graph.part(network, first, last, shape)
    return _before(network, first, shape) or _body(body, shape), _frozen(body) or _head(network, last, classes)


def _start(calls, first):
    """The tensor that the body takes: what goes into its first convolution, or into the zeros around that."""
    (ref,) = graph.refs([calls[first].args, calls[first].kwargs])
    padding = calls[ref.call]
    return next(graph.refs([padding.args, padding.kwargs])) if padding.kind == "ZeroPadding2D" else ref


def _end(calls, last):
    """The tensor that the body gives: what the additions, normalisations and ReLUs behind its last convolution make."""
    ref = graph.Ref(last)
    while True:
        follows = [i for i, call in enumerate(calls) if ref in graph.refs([call.args, call.kwargs])]
        if len(follows) != 1 or calls[follows[0]].kind not in ("Add", "BatchNormalization", "Activation", "ReLU"):
            return ref
        ref = graph.Ref(follows[0])


def _before(network, first, shape):
    """The finding for what is done to pictures in 0..255 before the body, or None."""
    x = np.random.default_rng(0).uniform(0, 255, (1, *shape)).astype("float32")
    y = x
    if first != network.inputs[0]:
        try:
            with quiet():
                before = numbers.rebuild(graph.part(network, network.inputs[0], first, shape))
                y = np.asarray(before(x, training=False))
        except (graph.UnreadableConfig, numbers.CannotRebuild) as error:
            text = f"What comes before the body cannot be looked into: {error}. Which built-in layer does the same?"
            return Finding("own_layer", False, text)
    if y.shape == x.shape and np.allclose(y, x / 127.5 - 1, atol=1e-3):
        return None
    expected, got = "-1 to 1", f"{y.min():.3g} to {y.max():.3g}"
    for code, other, text in RANGES:
        if y.shape == x.shape and np.allclose(y, other(x), atol=1e-2):
            return Finding(code, False, text, expected, got)
    if got == expected:
        text = "Pictures come into the body between -1 and 1, but in another way than x / 127.5 - 1. What else is done?"
        return Finding("other_range", False, text)
    text = "Pictures in 0..255 do not come into the body in -1..1. Which preprocess_input belongs to this network?"
    return Finding("other_range", False, text, expected, got)


RANGES = (
    (
        "not_preprocessed",
        lambda x: x,
        "Pictures go into the body in 0..255. In which range were those from which its weights were learned?",
    ),
    (
        "range_of_0_to_1",
        lambda x: x / 255,
        "Pictures go into the body in 0..1. Which preprocess_input belongs to this network, and what does it do?",
    ),
    (
        "preprocessing_of_resnet",
        lambda x: x[..., ::-1] - [103.939, 116.779, 123.68],
        "Pictures are prepared as for ResNet, not for ResNetV2. In which module is the preprocess_input that fits?",
    ),
    (
        "preprocessed_twice",
        lambda x: (x / 127.5 - 1) / 127.5 - 1,
        "Pictures are brought to -1..1 twice. How often should it be done?",
    ),
)


def _body(body, shape):
    """The finding for another body than that of ResNet101V2, or None."""
    found = differences(graph.canonical(body), _expected_body(shape))
    if not found:
        return None
    convolutions = sum(call.kind == "Conv2D" for call in body.calls)
    if convolutions != CONVOLUTIONS:
        text = f"The body has {convolutions} convolutions, that of ResNet101V2 has {CONVOLUTIONS}. Which network is it?"
        return Finding("other_body", False, text, str(CONVOLUTIONS), str(convolutions))
    difference = foremost(found)
    text = f"The body is not that of ResNet101V2. {difference.message}"
    return Finding("other_body", False, text, difference.expected, difference.got)


@lru_cache(64)
def _expected_body(shape):
    from course_utils.check.ask.calling import shapes_only
    from course_utils.networks import resnet_v2

    with quiet(), shapes_only():
        return graph.canonical(resnet_v2.ResNet101V2(include_top=False, input_shape=shape).to_json())


def _frozen(body):
    """The finding for a body that is not frozen, or None."""
    held = [call for call in body.calls if call.kind in ("Conv2D", "BatchNormalization")]
    learning = sum(call.config.get("trainable") is not False for call in held)
    if learning:
        text = f"{learning} of {len(held)} layers of the body can still learn. What freezes all of them?"
        return Finding("not_frozen", False, text, "0 trainable layers", str(learning))
    norms = [call for call in held if call.kind == "BatchNormalization"]
    if any(call.kwargs.get("training") is not False for call in norms):
        text = (
            "The body is not called with training=False. Once it is unfrozen to be fine-tuned, which statistics would "
            "its batch normalisation use?"
        )
        return Finding("not_in_inference", False, text, "training=False")
    return None


def _head(network, last, classes):
    """The finding for another head than pooling and a dense layer of logits, or None."""
    calls, end = network.calls, network.outputs[0]
    follows = next((call for call in calls if last in graph.refs([call.args, call.kwargs])), None)
    if end == last or follows is None:
        text = "The model ends with the feature maps of the body: there is no head. What makes classes of them?"
        return Finding("no_head", False, text, f"(batch, {classes})", "feature maps")
    if follows.shape is None:
        raise graph.UnreadableConfig("the size of the last feature maps is not told")
    shape = follows.shape[1:]
    head = graph.part(network, last, end, shape)
    dense = [call for call in head.calls if call.kind == "Dense"]
    if any(call.config.get("trainable") is False for call in dense):
        text = "The head cannot learn either. What was frozen with the body?"
        return Finding("head_frozen", False, text)
    found = differences(graph.canonical(head), _expected_head(tuple(shape), classes))
    if not found:
        return None
    last_one = dense[-1].config if dense else {}
    if not dense:
        text = "No dense layer follows the body. What makes classes of its feature maps?"
        return Finding("no_head", False, text, f"(batch, {classes})", None)
    if calls[end.call].kind in ("Softmax", "Activation") or last_one.get("activation") not in (None, "linear"):
        text = "The model ends with an activation. Which numbers does a loss with from_logits=True take?"
        return Finding("not_logits", False, text, "logits")
    if last_one.get("units") != classes:
        text = f"With classes={classes}, the last layer has {last_one.get('units')} units. Where is the argument used?"
        return Finding("wrong_units", False, text, str(classes), str(last_one.get("units")))
    if len(dense) > 1:
        text = (
            f"The head has {len(dense)} dense layers. One is enough here: how few weights can learn from few pictures?"
        )
        return Finding("more_layers", False, text, "1 dense layer", f"{len(dense)} dense layers")
    kinds = " and ".join(call.kind for call in head.calls if call.kind not in ("InputLayer", "Dense", "Dropout"))
    text = "Before the dense layer, the feature maps are not averaged. Which layer leaves one number per channel?"
    return Finding("wrong_pooling", False, text, "one number per channel", kinds or "nothing")


@lru_cache(64)
def _expected_head(shape, classes):
    import keras
    from keras import layers

    with quiet():
        inputs = keras.Input(shape)
        x = layers.Dense(classes)(layers.GlobalAveragePooling2D()(inputs))
        return graph.canonical(keras.Model(inputs, x).to_json())


exercise = network_exercise(
    notebook="09",
    place=1,
    title="transfer_model",
    forbidden=[],
    keras_given=True,  # else there is nothing to transfer
    probes=[
        {"input_shape": [40, 48, 3], "classes": 7, "weights": None},
        {"arguments": {"weights": NO_WEIGHTS}, "refused": True},
    ],
    hidden=_hidden,
    steps=(
        Step(
            BODY, 1, "brings pictures to -1..1 and into ResNet101V2", "Pictures come in -1..1 into ResNet101V2's body."
        ),
        Step(HEAD, 1, "freezes the body and adds a head", "The body is frozen, in inference mode; the head can learn."),
        Step(WEIGHTS, 0, "hands weights on", "It hands weights on."),
    ),
    judge=_judge,
    hints=(
        "Follow one picture through the model: in which range are its numbers when they reach the body? Then "
        "ask of each part: may its weights change, and in which mode is it called?",
        "A `Rescaling` layer multiplies and then adds its offset: find the two numbers that turn 0 into -1 "
        "and 255 into 1. `trainable` is set on the body, `training` is said where it is called. Behind it "
        "come `GlobalAveragePooling2D` and a `Dense` without activation.",
    ),
    arguments="input_shape, classes, weights",
    later=("transfer_model()", "transfer_model((32, 32, 3), 2, weights)"),
)
