"""vgg16 (notebook 01): VGG-16, thirteen convolutions of 3x3 and three dense layers.

Pictures are too small for many weights, of one channel, and of a few classes. They leave the last pooling with a
feature map of 2x2, where a global pooling is not the same as flattening. Each pooling halves an even length, so that
padding changes nothing, as with 224x224. Nobody need build a network of 138 million parameters: the default values are
read from the signature.
"""

from course_utils.check.judge.models import (
    BUILDS_MODEL,
    LAYERS_OF_TABLE,
    NUMBERS,
    network,
    problem_with_defaults,
)


def _hidden(rng):
    shape = [*rng.choice([(64, 64), (64, 96), (96, 64)]), rng.randint(2, 4)]
    return [{"input_shape": shape, "classes": rng.randint(2, 12)}]


exercise = network(
    notebook="01",
    place=5,
    title="vgg16",
    reference="vgg:vgg16",
    probes=[{"input_shape": [64, 64, 1], "classes": 7}],
    fallback=[{"input_shape": [n, n, 3], "classes": 10} for n in (128, 224)],  # which do not shrink to nothing
    hidden=_hidden,
    steps=(
        BUILDS_MODEL,
        LAYERS_OF_TABLE,
        NUMBERS,
    ),
    step_of=lambda difference: "layers",
    problem=problem_with_defaults({"input_shape": [224, 224, 3], "classes": 1000}),
    hints=(
        "What changes from one stage to the next, and what is the same in all five? Count your layers with "
        "weights: there should be sixteen.",
        "Put the filters and the number of convolutions of each stage into a tuple of five pairs. An outer "
        "loop goes over the stages, an inner loop over the convolutions of one, and the pooling comes behind "
        "the inner loop. `Flatten` and the dense layers come behind both loops.",
    ),
    arguments="input_shape, classes",
    later=("vgg16()",),
)
