"""resnet_subclassed (notebook 06): a ResNet of BasicBlocks, as a subclassed model.

A small one is asked for its numbers with weights set from seeds, and ResNet-18 for its weights.
"""

from course_utils.check.exercise import Exercise
from course_utils.check.judge import layers, models, not_a_model, only
from course_utils.check.judge.later import a_class
from course_utils.check.judge.layers import close
from course_utils.check.result import Finding, Step
from course_utils.exercises.basic_block import TRAINING

SHAPE = (2, 32, 32, 3)
FILTERS = (64, 128, 256, 512)  # of the four stages
OWN = "resnet_basic:ResNet"
STEPS = (
    Step(
        "builds", 1, "builds a model that gives a logit for each class", "It builds, and gives a logit for each class."
    ),
    Step(
        "depth",
        1,
        "has as many blocks as layer_dims says, each with weights of its own",
        "It has as many blocks as layer_dims says, each with weights of its own.",
    ),
    Step(
        "numbers",
        1,
        "computes what a ResNet of these blocks computes",
        "With equal weights it gives the numbers of the reference.",
    ),
    TRAINING,
)
PROBES = [([1, 3, 1, 1], 7)]  # blocks of each stage, classes
HIDDEN = [([2, 1, 1, 2], 5), ([1, 1, 3, 1], 10)]
COUNTED = ([2, 2, 2, 2], 100)


def _request(seed, hidden):
    asked = [*PROBES, *(HIDDEN if hidden else ()), COUNTED]
    probes = [
        {
            "arguments": {"layer_dims": layer_dims, "num_classes": classes},
            "shape": [*SHAPE],
            "seed": seed,
            "only_weights": (layer_dims, classes) == COUNTED,
        }
        for layer_dims, classes in asked
    ]
    own = f"{models.NETWORKS}.{OWN}"
    return {"probes": probes, "spellings": {"num_classes": ["classes"]}, "own": own}


def _judge(request, evidence):
    probes = layers.joined(request, evidence)
    builds = next(filter(None, (_problem(probe) for probe in probes)), None)
    counted = [_as_it_is(probe) for probe in probes if len(probe.get("shape", ())) == 2]
    seen = [probe for probe in counted if "predicted" in probe]
    if not seen:
        return only(builds, STEPS)
    about = layers.About(STEPS, 2, OWN, _step_of, _weights_problem, first_stage=1)
    return layers.conclude(seen, counted, builds, about, evidence["config"])


def _sizes(probe):
    """(blocks of each stage, classes) of a probe."""
    arguments = probe["asked"]["arguments"]
    return arguments["layer_dims"], arguments["num_classes"]


def _as_it_is(probe):
    """The probe, as if it had asked for as many classes as it got."""
    arguments = {**probe["asked"]["arguments"], "num_classes": probe["shape"][1]}
    return probe | {"asked": probe["asked"] | {"arguments": arguments}}


def _step_of(difference):
    return "builds" if difference.code == "output_activation" else "numbers"


def _problem(probe):
    """The finding for a model that does not build or gives no output of the right shape, or None."""
    layer_dims, classes = _sizes(probe)
    what = f"The model of {layer_dims} blocks and {classes} classes, shown pictures,"
    if probe["call"].get("kind") == "layer":
        return not_a_model(probe["call"], 1)
    found = layers.problem(probe, what, "model")
    if found or probe["shape"][1:] == [classes]:
        return found
    got, expected = (f"({', '.join(map(str, ('n', *shape)))})" for shape in (probe["shape"][1:], [classes]))
    if len(probe["shape"]) != 2:
        text = f"Pictures of {SHAPE[1:]} become outputs of shape {got}. What makes one vector of a feature map?"
        return Finding("output_not_flat", False, text, expected, got, points=1)
    text = f"With num_classes={classes}, {probe['shape'][1]} numbers come out. Where is the argument used?"
    return Finding("classes_ignored", False, text, expected, got, points=1)


def _weights_problem(probe, expected):
    """As `layers.weights_problem`, but a wrong number of blocks is said to be one."""
    layer_dims = list(_sizes(probe)[0])
    depths = [_depth(probe["weights"], filters) for filters in FILTERS]
    same = "predicted" in probe and close(probe["predicted"], expected["predicted"])
    if 0 in depths and ["kernel", FILTERS[-1], _sizes(probe)[1], 1] not in probe["weights"]:
        empty = " and ".join(str(stage) for stage, depth in enumerate(depths, start=1) if not depth)
        text = f"Nothing has passed through stage {empty}: no weights there. Which stage does each line of call name?"
        return Finding("stages_not_called", False, text, f"blocks {layer_dims}", f"blocks {depths}", points=1)
    if depths == layer_dims or 0 in depths or same:
        return layers.weights_problem(probe, expected)
    stage = next(i for i, depth in enumerate(depths) if depth != layer_dims[i])
    if depths == layer_dims[::-1]:
        hint = "the stages have these numbers of blocks from behind. In which order are they used?"
    else:
        blocks = f"{depths[stage]} {'block' if depths[stage] == 1 else 'blocks'}"
        hint = f"stage {stage + 1} has {blocks}. Where is layer_dims[{stage}] used, and for what?"
    text = f"With layer_dims={layer_dims}, {hint}"
    return Finding("wrong_depth", False, text, f"blocks {layer_dims}", f"blocks {depths}", points=1)


def _depth(weights, filters):
    """How many blocks of so many filters the weights make: two 3x3 kernels each, the first one from fewer channels."""
    kernels = {tuple(shape): count for role, *shape, count in weights if role == "kernel"}
    before = {64: None}.get(filters, filters // 2)
    return (kernels.get((3, 3, filters, filters), 0) + kernels.get((3, 3, before, filters), 0)) // 2


exercise = Exercise(
    notebook="06",
    place=3,
    title="ResNet",
    steps=STEPS,
    ask="layer",
    request=_request,
    judge=_judge,
    hints=(
        "How many blocks does layer_dims ask for altogether, and how many does your `__init__` make? For each"
        " of them, write down filters and stride.",
        "Make the blocks in two loops, over the stages and over the blocks of each, and keep them in a list "
        "that is an attribute of self. `call` then goes through stem, list, `GlobalAveragePooling2D` and "
        "`Dense`, and hands `training` on. The last layer has no activation.",
    ),
    arguments="layer_dims, num_classes",
    later=("ResNet((2, 2, 2, 2))", "ResNet((1, 1, 1, 1), num_classes=6)"),
    advice=a_class,
)
