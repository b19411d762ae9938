"""alexnet (notebook 01): AlexNet in one column, its first two convolutions normalised or not.

Normalised by the course's LocalResponseNormalization, which is passed over, or by a batch normalisation before or after
their ReLU. Pictures are too small for many weights, of one channel, and of a few classes. They leave the last pooling
with a feature map of 3x2, where a global pooling is not the same as flattening. Nobody need build a network of 62
million parameters: the default values are read from the signature.
"""

from functools import partial

from course_utils.check.judge.models import (
    BUILDS_MODEL,
    LAYERS_OF_TABLE,
    NUMBERS,
    judge_model,
    nearest,
    network,
    problem_with_defaults,
)


def _reference(probe, **normalisation):
    from keras import layers

    from course_utils.networks.alexnet import _alexnet

    kinds = {place: getattr(layers, kind) for place, kind in normalisation.items()}
    return _alexnet(**probe["arguments"], **kinds)


REFERENCES = [
    partial(_reference),
    partial(_reference, after_relu="BatchNormalization"),
    partial(_reference, before_relu="BatchNormalization"),
]
PROBLEM = problem_with_defaults({"input_shape": [227, 227, 3], "classes": 1000})


def _judge(evidence, steps):
    return judge_model(evidence, steps, PROBLEM, lambda difference: "layers", nearest(evidence, REFERENCES))


def _hidden(rng):
    shape = [rng.randint(67, 110), rng.randint(67, 110), rng.randint(1, 4)]
    return [{"input_shape": shape, "classes": rng.randint(2, 12)}]


exercise = network(
    notebook="01",
    place=4,
    title="alexnet",
    probes=[{"input_shape": [131, 99, 1], "classes": 7}],
    fallback=[{"input_shape": [163, 163, 3], "classes": 10}],  # which one pooling too many does not shrink to nothing
    hidden=_hidden,
    steps=(
        BUILDS_MODEL,
        LAYERS_OF_TABLE,
        NUMBERS,
    ),
    judge=_judge,
    hints=(
        "Compare the table's column of outputs with the summary of your model, from the top. The first row "
        "that differs is the one to look at: is it the kernel, the stride or the padding?",
        "Give every pooling its stride, for without one `MaxPooling2D` takes the size of its window. "
        "`padding` is `valid` unless you say otherwise: which rows of the table ask for `same`? One `Flatten`"
        " stands between the last pooling and the first `Dense`.",
    ),
    arguments="input_shape, classes",
    later=("alexnet()",),
)
