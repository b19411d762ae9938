"""What is said of a residual block or a network: its graph is compared with the reference's, and its numbers are.

An exercise has a few steps, the same for everybody, each with its share of the points: the first is that the answer
builds, the last that it computes what the reference computes; each of those between is earned where the graph shows no
difference that belongs to it.
"""

import json
import random
from collections import Counter
from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module

import numpy as np

from course_utils.check import graph, numbers
from course_utils.check.difference import Difference, differences, foremost
from course_utils.check.exercise import Exercise
from course_utils.check.judge import BORROWED, call_problem, not_a_model, not_reached, passed, where
from course_utils.check.result import UNANSWERED, Finding, Step
from course_utils.environment import quiet

SETTINGS = {"kernel_size_ignored", "wrong_kernel_size", "wrong_filters", "wrong_strides", "strides_everywhere"}
NETWORKS = "course_utils.networks"
WHOLE = [  # networks that no answer may hand on
    f"{NETWORKS}.{name}"
    for name in (
        "lenet:lenet5",
        "lenet:_lenet5",
        "alexnet:alexnet",
        "alexnet:_alexnet",
        "vgg:vgg16",
        "inception:inception_network",
        "inception:GoogLeNet",
        "resnet:ResNet50",
        "resnet:resnet50_headless",
        "resnet:_stem",
        "resnet:_stages",
        "resnet_v2:ResNet50V2",
        "resnet_v2:ResNet101V2",
        "resnet_v2:_resnet_v2",
        "resnet_v2:hard_coded_resnet50v2",
    )
] + [f"keras.applications:{name}" for name in ("ResNet50", "VGG16", "ResNet50V2", "ResNet101V2")]

BLOCKS_V2 = [f"{NETWORKS}.resnet_v2:stack2"]
BLOCKS_V2 += [f"keras.src.applications.resnet:{name}" for name in ("residual_block_v2", "stack_residual_blocks_v2")]


def block(
    notebook,
    place,
    title,
    steps,
    tensor,
    reference,
    probes,
    fallback,
    hidden,
    step_of,
    judge=None,
    redraw=None,
    spellings=None,
    forbidden=None,
    **more,
):
    """The `Exercise` of a part of a network: a function of a symbolic tensor and some settings.

    Args:
        notebook, place, title, steps, more: as of `Exercise`.
        tensor: the name of the argument that is the tensor.
        reference: the course's own, "resnet:identity_block" of `course_utils.networks`.
        probes, fallback: as `ask.block` takes them; in grading the numbers of the fallback are drawn.
        hidden: of a random.Random, the further probes of grading.
        step_of: of a `Difference`, the name of the step that it belongs to.
        judge: of evidence (see `joined`) and steps, the findings, in place of `judge_model`'s.
        redraw: of a probe of the fallback and a random.Random, one with numbers that nobody can foresee; by default
            `redrawn` with the argument filters.
        spellings: {argument: further names under which an answer may know it}.
        forbidden: see `ask.calling`; by default all functions of the reference's module.
    """
    forbidden = forbidden or [f"{NETWORKS}.{reference.partition(':')[0]}:*"]
    build, redraw = block_of(reference), redraw or partial(redrawn, channels=["filters"])

    def request(seed, grading):
        rng = random.Random(seed)
        return {
            "tensor": tensor,
            "probes": [*probes, *(hidden(rng) if grading else ())],
            "fallback": [redraw(probe, rng) for probe in fallback] if grading else fallback,
            "spellings": spellings or {},
            "forbidden": forbidden,
            "together": not grading,
        }

    def judged(request, evidence):
        evidence = joined(request, evidence)
        if judge:
            return diagnosis_first(judge(evidence, steps))
        return diagnosis_first(judge_model(evidence, steps, block_problem, step_of, build))

    return Exercise(notebook, place, title, steps, "block", request, judged, **more)


def network(
    notebook,
    place,
    title,
    steps,
    probes,
    hidden,
    reference=None,
    step_of=None,
    fallback=(),
    judge=None,
    problem=None,
    wanted=None,
    forbidden=WHOLE,
    **more,
):
    """The `Exercise` of a network: a function that returns a keras.Model.

    Args:
        notebook, place, title, steps, more: as of `Exercise`.
        reference: the course's own, "resnet:ResNet50" of `course_utils.networks`; not where `judge` is given.
        probes, fallback: the arguments of the calls, [{"classes": 5}]; in grading the numbers of the fallback are
            drawn. A probe may also be as `ask.network` takes it.
        hidden: of a random.Random, the further probes of grading.
        step_of: of a `Difference`, the name of the step that it belongs to.
        judge: of evidence (see `joined`) and steps, the findings, in place of `judge_model`'s.
        problem: in place of `network_problem`.
        wanted: default values that the signature should have, {"classes": 6}.
        forbidden: see `ask.calling`.
    """

    def request(seed, grading):
        rng = random.Random(seed)
        asked = [*probes, *(hidden(rng) if grading else ())]
        tried = [{"arguments": one} for one in fallback]
        return {
            "probes": [one if "arguments" in one else {"arguments": one} for one in asked],
            "fallback": [redrawn(probe, rng) for probe in tried] if grading else tried,
            "forbidden": forbidden,
        }

    def judged(request, evidence):
        evidence = joined(request, evidence)
        if judge:
            return diagnosis_first(judge(evidence, steps))
        build = network_of(reference)
        return diagnosis_first(judge_model(evidence, steps, problem or network_problem, step_of, build, wanted))

    return Exercise(notebook, place, title, steps, "network", request, judged, **more)


def redrawn(probe, rng, channels=()):
    """A probe of the fallback with other numbers: equal numbers of channels stay equal.

    channels: the arguments that are numbers of channels, or lists of them.
    """
    new = {**probe, "arguments": {**probe["arguments"]}}
    arguments = new["arguments"]
    if channels := [name for name in channels if name in arguments]:
        *size, entering = probe["shape"]
        held = {name: value if isinstance(value, list) else [value] for name, value in arguments.items()}
        before = sorted({entering, *(n for name in channels for n in held[name])})
        drawn = dict(zip(before, rng.sample(range(2, 13), len(before)), strict=True))
        new["shape"] = [*size, drawn[entering]]
        for name in channels:
            numbers = [drawn[n] for n in held[name]]
            arguments[name] = numbers if isinstance(arguments[name], list) else numbers[0]
    if "f" in arguments:
        arguments["f"] = rng.choice([5, 7])
    if "classes" in arguments:
        arguments["classes"] = rng.randint(2, 12)
    if "input_shape" in arguments:
        arguments["input_shape"] = [*arguments["input_shape"][:-1], rng.randint(1, 4)]
    return new


def joined(request, evidence):
    """The evidence of a block or a network, each probe with what was "asked"; without those that it could not be asked.

    "fallback": the probe of the fallback, or None. Raises ValueError for evidence of other probes.
    """
    found = evidence["probes"]
    if len(found) != len(request["probes"]) and (len(found) != 1 or found[0].get("config")):
        raise ValueError("evidence of other probes than those that were asked")
    both = zip(request["probes"], found, strict=False)
    instead = None
    if evidence["fallback"]:
        number, came = evidence["fallback"]
        instead = came | {"asked": request["fallback"][number]}
    return evidence | {"probes": [came | {"asked": probe} for probe, came in both if came], "fallback": instead}


def drawn_bottlenecks(rng, projected):
    """(shape, f, filters) of three blocks: kernels, filters in any order of size, and pictures that are not shown."""
    for f in (1, 3, 7):
        filters = rng.sample(range(2, 13), 3)
        channels = rng.choice([n for n in range(2, 13) if n not in filters]) if projected else filters[2]
        yield [rng.randint(7, 13), rng.randint(7, 13), channels], f, filters


@lru_cache
def block_of(name):
    """A function of a probe that makes the model of a block of `course_utils.networks`."""

    def build(probe):
        import keras

        X = keras.Input(probe["shape"])
        return keras.Model(X, own(name)(X, **probe["arguments"]))

    return build


@lru_cache
def network_of(name):
    """A function of a probe that makes a network of `course_utils.networks`."""
    return lambda probe: own(name)(**probe["arguments"])


def own(name):
    """The course's function or class of a name such as "resnet:ResNet50"."""
    module, _, function = name.partition(":")
    return getattr(import_module(f"{NETWORKS}.{module}"), function)


def judge_model(evidence, steps, problem, step_of, reference, wanted=None):
    """The findings for evidence as `joined` gives it: one a step; a single one if it is not answered.

    problem(evidence, points): the finding for what keeps an answer from building, or None. step_of(difference): the
    name of a step. reference(asked): the reference's keras.Model for a probe. wanted: default values that the
    signature should have, {"classes": 6}.
    """
    builds = problem(evidence, steps[0].points)
    if builds and builds.code == UNANSWERED:
        return [builds]
    probes = [probe for probe in [*evidence["probes"], evidence["fallback"]] if probe and probe.get("config")]
    if builds and builds.code in (BORROWED, "global_model"):
        probes = []
    try:
        found, graphs, same = _compare(probes, reference)
    except (graph.UnreadableConfig, numbers.CannotRebuild) as error:
        builds, found, graphs, same = _sealed(probes[0]["call"]["name"], error, steps[0].points), [], [], False
    defaults = wrong_defaults(evidence.get("defaults", {}), wanted or {})
    found = [defaults + differs for differs in found]
    findings = [step_finding(step, found, graphs, step_of) for step in steps[1:-1]]
    same = same if all(finding.passed for finding in findings) else None
    return [builds or passed(steps[0]), *findings, _numbers(steps[-1], same)]


def diagnosis_first(findings):
    """The exception that an answer stops with stands behind what explains it, if anything does."""
    first, *others = findings
    if first.code != "exception" or not any(finding.mark == "to do" for finding in others):
        return findings
    return sorted(findings, key=lambda finding: 1 if finding is first else 2 * (finding.mark != "to do"))


def readable(evidence, points, read=graph.canonical):
    """(the finding for what keeps a network from building or being read, or None; its graph for each probe).

    Of the graphs as many as can be read, each as (asked, what the model tells of itself, graph). read: makes one of a
    config.
    """
    problem, found = network_problem(evidence, points), []
    if problem and problem.code in (UNANSWERED, BORROWED, "global_model"):
        return problem, []
    for probe in [*evidence["probes"], evidence["fallback"]]:
        if not probe or not probe.get("config"):
            continue
        try:
            _refuse_closed(graph.trace(probe["config"]).calls)
            found.append((probe["asked"], probe["model"], read(probe["config"])))
        except (graph.UnreadableConfig, numbers.CannotRebuild) as error:
            problem = problem or _sealed(probe["call"]["name"], error, points)
    return problem, found


def step_finding(step, found, graphs, step_of):
    """The finding for one step, from the differences on each probe: what is not there to look at is not right."""
    for differs in found:
        fault = foremost([difference for difference in differs if step_of(difference) == step.name])
        if fault:
            words = (fault.expected, fault.got) if fault.expected != fault.got else ()
            return Finding(fault.code, False, fault.message, *words, points=step.points)
    seen = all(
        answer.count(kind) >= share * expected.count(kind)
        for answer, expected in graphs
        for kind, share in step.needs.items()
    )
    return passed(step) if found and seen else not_reached(step)


def _numbers(step, same):
    """same: None if that could not be asked."""
    if same is None:
        return not_reached(step)
    if same:
        return passed(step)
    text = (
        "Each layer is in its place, and yet, with equal weights, other numbers come out than from the reference. "
        "Which setting of a layer is not what it is by default?"
    )
    return Finding("different_numbers", False, text, points=step.points)


def _compare(probes, reference):
    """(the differences on each probe; (graph, reference's graph) of those that differ; are the numbers the same?).

    The last is None if they cannot be asked for; where the graphs are equal, they are on the first probe only.
    """
    found, graphs, same = [], [], True
    for probe in probes:
        key, config = json.dumps(probe["asked"]), probe["config"]
        calls = graph.trace(config).calls
        _refuse_closed(calls)
        answer, expected = graph.canonical(config), graph_of(reference, key)
        if "shape" in probe["asked"] and not _begins_with(answer, probe["asked"]["shape"]):
            raise numbers.CannotRebuild("its input is not the one that it was given")
        differs = differences(answer, expected)
        if _size(answer) is None:
            same = None
            differs += _by_elimination(probe["asked"], differs)
        elif differs or not found:
            # The numbers before the last activation do not tell what it is: the graph does, unless it differs.
            ends = (True, False) if differs else (True,)
            equal = _size(answer) == _size(expected) and _same_weights(answer, expected)
            try:
                if equal and (differs or numbers.nameless(config) != _nameless(reference, key)):
                    with quiet():
                        equal = all(
                            numbers.agree(_outputs(config, end), _expected(reference, key, end)) for end in ends
                        )
            except numbers.TooLarge:
                if not differs:
                    raise
                equal = False  # for all that is known: the graph has the word
            if equal:
                differs = []  # the same, written in a way that the graph does not know
            same = same and equal
        graphs += [(answer, expected)] if differs else []
        differs = [_with_classes(difference, probe["asked"]) for difference in without_consequences(differs)]
        found.append(differs + _frozen(calls))
    return found, graphs, same


def _with_classes(difference, asked):
    """A wrong number of units is told with the number that was asked for: nobody has seen the probe."""
    if difference.code != "wrong_units" or "classes" not in asked["arguments"]:
        return difference
    return replace(difference, message=f"With classes={asked['arguments']['classes']}: {difference.message}")


def wrong_defaults(named, wanted):
    """A difference for each default value of the signature that is not the wanted one, where it names one at all."""
    found = []
    for name, value in wanted.items():
        if name in named and named[name] != value:
            expected, got = (f"{name}={tuple(v) if isinstance(v, list) else v}" for v in (value, named[name]))
            text = f"The signature says {got}. Which value should {name} have where nobody gives one?"
            found.append(Difference("wrong_defaults", text, "", "network", expected, got))
    return found


def _begins_with(network, shape):
    """Is the input of a graph the one that the answer was given?"""
    return [list(node.params["shape"]) for node in network.nodes if node.kind == "input"] == [shape]


def _refuse_closed(calls):
    """Raise CannotRebuild for what nobody can look into, before anything else is said."""
    for call in calls:
        activation = call.config.get("activation")
        if not call.family or call.kind == "Lambda":
            raise numbers.CannotRebuild(f"it holds {call.kind}, which is no layer of Keras")
        if isinstance(activation, dict) and activation.get("module") != "keras.layers":
            raise numbers.CannotRebuild(f"an activation of its {call.kind} is a function of its own")


def without_consequences(found):
    """Behind a stage of another stride, or none, the head pools feature maps of another size: it is not to blame."""
    sizes = {"wrong_strides", "strides_everywhere", "wrong_depth"} & {difference.code for difference in found}
    return [d for d in found if not (sizes and d.part == "head" and d.code == "wrong_pooling")]


def _by_elimination(asked, found):
    """If a block can be built only where the numbers of filters are equal, and nothing found explains it."""
    filters = asked["arguments"].get("filters", [])
    filters = filters if isinstance(filters, list) else []
    explained = {"shortcut", "addition"} & {difference.part for difference in found} or {
        "wrong_filters",
        "layer_missing",
    } & {difference.code for difference in found}
    if explained or len(set(filters)) == len(filters):
        return []
    text = (
        "The two paths can be added where F1, F2 and F3 are equal, and cannot be where they differ: they do not end "
        "with equally many channels. Which convolution gets which number of filters?"
    )
    return [Difference("wrong_filters", text, "the block", "main path", "F1, then F2, then F3", "another order")]


def _frozen(calls):
    """Differences that only training shows: weights or statistics that do not move."""
    norms = [call for call in calls if call.kind == "BatchNormalization"]
    still = [call for call in norms if call.kwargs.get("training") is False]
    fixed = [call for call in calls if call.config.get("trainable") is False and call.kind != "InputLayer"]
    found = []
    if still:
        text = (
            f"{len(still)} of {len(norms)} batch normalisations are called with training=False: they use their running "
            "averages even while the network learns, and never renew them. Who should say whether it is training?"
        )
        got = "training=False"
        found.append(Difference("bn_frozen", text, "", "network", "whatever the network is called with", got))
    if fixed:
        kinds = " and ".join(dict.fromkeys(call.kind for call in fixed))
        text = f"A {kinds} layer is not trainable: its weights stay as they are made. Which of them should learn?"
        code = "bn_frozen" if any(call.kind == "BatchNormalization" for call in fixed) else "not_trainable"
        found.append(Difference(code, text, "", "network", "trainable layers", f"{len(fixed)} with trainable=False"))
    return found


def _size(network):
    """(height, width, channels) of the one input of a graph, or None where one of them is open."""
    shapes = [node.shape for node in network.nodes if node.kind == "input"]
    known = len(shapes) == 1 and shapes[0] and None not in shapes[0][1:]
    return tuple(shapes[0][1:]) if known else None


@lru_cache(256)  # hidden probes are drawn for each run of grading
def config_of(reference, asked):
    """The config of the reference's model for a probe, which is JSON."""
    from course_utils.check.ask.calling import shapes_only

    with quiet(), shapes_only():
        return reference(json.loads(asked)).to_json()


@lru_cache(256)
def graph_of(reference, asked):
    return graph.canonical(config_of(reference, asked))


@lru_cache(256)
def _nameless(reference, asked):
    return numbers.nameless(config_of(reference, asked))


@lru_cache(256)
def _expected(reference, asked, before_softmax):
    return _outputs(config_of(reference, asked), before_softmax)


@lru_cache(128)  # many students write the same
def _outputs(config, before_softmax):
    """What a model of this config says to two pictures of its own size; what it concatenates in an order of its own."""
    network = graph.canonical(config)
    pictures = np.random.default_rng(0).standard_normal((2, *_size(network)), dtype="float32")
    found = numbers.outputs(config, pictures, before_softmax=before_softmax)
    return [_by_channel(y) if y.ndim == 4 else y for y in found] if network.count("concat") else found


def _by_channel(y):
    """Feature maps, the channels ordered by their sums."""
    return y[..., np.argsort(y.sum(axis=(0, 1, 2), dtype="float64"))]


def _same_weights(answer, expected):
    """Do two graphs hold the same weights, each used as often? Numbers alone do not tell."""

    def held(network):
        return Counter(
            f"{node.kind} {sorted((k, v) for k, v in node.params.items() if k not in ('strides', 'padding'))}"
            for node in network.nodes
            if node.kind in graph.WEIGHTED
        )

    return held(answer) == held(expected) and len(answer.shared()) == len(expected.shared())


# Several right forms.


def nearest(evidence, references):
    """Of several references, each as `judge_model` takes it, the one from which an answer differs least, or first."""
    probe = next(
        (probe for probe in [*evidence["probes"], evidence["fallback"]] if probe and probe.get("config")), None
    )
    try:
        answer = graph.canonical(probe["config"]) if probe else None
    except graph.UnreadableConfig:
        answer = None
    if answer is None:
        return references[0]
    asked, found = json.dumps(probe["asked"]), []
    for reference in references:
        found.append(len(differences(answer, graph_of(reference, asked))))
        if not found[-1]:
            break
    return references[found.index(min(found))]


def problem_with_defaults(wanted):
    """`network_problem`, which also looks at the default values that the signature names: {"classes": 1000}."""

    def problem(evidence, points):
        found = network_problem(evidence, points)
        for wrong in () if found else wrong_defaults(evidence["defaults"], wanted)[:1]:
            found = Finding(wrong.code, False, wrong.message, wrong.expected, wrong.got, points)
        return found

    return problem


# Several kinds of blocks or networks, one by one.


def probe_by_probe(evidence, judged):
    """judged(evidence); a fault that not every probe shows is told with the arguments of the first that does."""
    findings = judged(evidence)
    faults = {i: finding for i, finding in enumerate(findings) if finding.mark == "to do" and len(findings) > 1}
    alone = [judged({**evidence, "probes": [probe]}) for probe in evidence["probes"]] if faults else []
    for i, fault in faults.items():
        shown = [len(found) > i and found[i].code == fault.code for found in alone]
        if any(shown) and not all(shown) and (words := _arguments(evidence["probes"][shown.index(True)]["asked"])):
            findings[i] = replace(fault, message=f"With {words}: {fault.message}")
    return findings


def _arguments(asked):
    """In words those arguments of a probe that make one of several kinds of blocks or networks, "" if none is given."""
    given = asked["arguments"]
    named = "stride", "stride1", "conv_shortcut", "kernel_size", "include_top", "preact", "pooling"
    return ", ".join(f"{name}={given[name]!r}" for name in named if name in given)


def with_biases(evidence, findings, step):
    """The findings; that of a `step` which is passed becomes one for biases before a batch normalisation, if any.

    Such a bias changes no number, and so no graph: it is counted among the parameters all the same.
    """
    if step not in [finding.code for finding in findings]:
        return findings
    needless = sum(_biases(graph.trace(probe["config"]).calls) for probe in evidence["probes"] if probe.get("config"))
    if not needless:
        return findings
    text = (
        "A convolution has a bias, and the batch normalisation right after it subtracts it again. Which convolutions "
        "can do without?"
    )
    found = Finding("needless_bias", False, text, "no bias before a batch normalisation", "a bias")
    return [replace(found, points=one.points) if one.code == step else one for one in findings]


def _biases(calls):
    """How many convolutions have a bias before a batch normalisation."""
    normalised = {ref.call for call in calls if call.kind == "BatchNormalization" for ref in graph.refs(call.args)}
    return sum(calls[i].kind == "Conv2D" and calls[i].config["use_bias"] for i in normalised)


# What keeps an answer from building.


def block_problem(evidence, points):
    """The finding for what came of the calls of a block, or None."""
    name = evidence["probes"][0]["call"].get("name")
    for probe in _asked(evidence):
        problem = call_problem(probe["call"], points) or _not_a_block(probe, points)
        if problem:
            return problem
    if any(probe["changed"] for probe in _asked(evidence)):
        text = f"{name} changes the list of filters that it is given, which the next block needs as it was."
        return Finding("changes_arguments", False, text, points=points)
    if evidence["shared"]:
        text = f"Two blocks from {name} share weights. Where are the layers made, and how often?"
        return Finding("shared_weights", False, text, points=points)
    return None


def network_problem(evidence, points):
    """The finding for what came of the calls of a network, or None."""
    for probe in _asked(evidence):
        call = probe["call"]
        problem = _too_large(call, points) or call_problem(call, points)
        problem = problem or not_a_model(call, points) or _not_readable(probe, points)
        if problem:
            return problem
    if any(probe.get("unbuilt") for probe in _asked(evidence)):
        name = evidence["probes"][0]["call"]["name"]
        text = (
            f"The model that {name} returns does not know its input, and has no weights yet. Where is input_shape used?"
        )
        return Finding("no_input", False, text, "layers.Input(input_shape) at the beginning", "none", points)
    if evidence["same"]:
        text = (
            f"Two calls of {evidence['probes'][0]['call']['name']} return the very same model. It is made outside the "
            "function, so what the function itself builds remains unknown. Which name does the last line return?"
        )
        return Finding("global_model", False, text, points=points)
    return None


def _asked(evidence):
    """The probes, but for those after the first that ask for default values where the answer has none."""
    first, *more = evidence["probes"]
    return [first, *(probe for probe in more if probe["call"]["outcome"] != "arguments")]


KINDS = {
    "none": "Does its last line return the tensor that the last layer gave?",
    "model": "A block is a part of a network: what does its last layer give?",
    "layer": "A layer is not yet called: what does it give when it is called on X?",
    "array": "It cannot depend on X any more. Layers and keras.ops keep a tensor symbolic.",
    "tensor": "Its numbers are fixed already and cannot depend on X. Layers and keras.ops keep a tensor symbolic.",
}


def _not_a_block(probe, points):
    """The finding for what a call of a block returned, or None if it is a tensor that depends on X."""
    call = probe["call"]
    name, returned = call["name"], probe["returned"]
    if returned == "input":
        text = f"{name} returns X as it came in: nothing of the block is in it. Which name does its last line return?"
        return Finding("returned_input", False, text, points=points)
    if returned == "other":
        words = "a tensor of fixed numbers" if call["kind"] == "tensor" else call["words"]
        text = f"{name} returns {words}, not a tensor made from X. {KINDS.get(call['kind'], 'What should come out?')}"
        return Finding(f"returned_{call['kind']}", False, text, "one tensor", words, points)
    if probe["joined"]["outcome"] == "returned":
        return None if probe.get("config") else _unwritten(name, points)
    text = probe["joined"]["error"]["text"]
    if "unique" in text:
        return Finding("duplicate_names", False, f"{name} gives two layers one name. {text}", points=points)
    text = (
        f"What {name} returns is not connected to the X that it was given, but to another tensor. Which tensor does "
        "its first layer take, and which name does its last line return?"
    )
    return Finding("other_input", False, text, "a tensor made from X", "a tensor of another model", points)


def _too_large(call, points):
    if call["outcome"] != "too large":
        return None
    text = (
        f"{call['name']} asks for more than 150 million parameters{where(call['error'])}. What is the shape of the "
        "feature map that goes in there, and how could it be smaller?"
    )
    return Finding("too_large", False, text, "at most 150 million", f"{call['parameters']:,} so far", points)


def _not_readable(probe, points):
    name, about = probe["call"]["name"], probe["model"]
    if about and about["kind"] == "subclassed":
        text = (
            f"{name} returns a model of its own class, whose layers cannot be read. Which call makes a model of an "
            "input and an output?"
        )
        return Finding("subclassed", False, text, "keras.Model(inputs, outputs)", "a subclass", points)
    return None if probe["config"] else _unwritten(name, points)


def _unwritten(name, points):
    text = f"{name} holds a layer that Keras cannot write down, so that it cannot be looked into. Is it a built-in one?"
    return Finding("unwritten", False, text, points=points)


def _sealed(name, error, points):
    """The finding for a model that cannot be rebuilt from its config."""
    if isinstance(error, numbers.TooLarge):
        return Finding("too_large", False, f"{name} is too large: {error}.", points=points)
    hint = "Which built-in layer, or function of keras.ops, does the same?"
    if str(error).startswith("it holds Lambda,"):
        text = f"{name} holds a Lambda layer, and what is inside it cannot be read. {hint}"
        return Finding("lambda_layer", False, text, points=points)
    return Finding("own_layer", False, f"{name} cannot be looked into: {error}. {hint}", points=points)


# Steps of several exercises, in the same words, and the step that a difference belongs to.


BUILDS_BLOCK = Step("builds", 1, "builds a block", "It builds a block on the tensor that it is given.")
BUILDS_MODEL = Step("builds", 1, "builds a model", "It builds a new model.")
LAYERS_OF_TABLE = Step(
    "layers", 1, "has the layers of the table", "Every layer is in its place, with the settings of the table."
)
NUMBERS = Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers.")
STEM = Step(
    "stem",
    1,
    "takes pictures of input_shape into the stem",
    "The stem is right, for pictures of input_shape.",
    {"conv": 0.01, "max_pool": 0.01},
)


def step_of_block(difference):
    if difference.code in SETTINGS:
        return "settings"
    if difference.part == "shortcut" or difference.code == "shortcut_missing":
        return "shortcut"
    return "addition" if difference.part == "addition" else "main_path"


def step_of_network(difference):
    if difference.code in ("wrong_input_shape", "wrong_units", "wrong_defaults"):
        return "arguments"
    if difference.part in ("input", "stem"):
        return "stem"
    if difference.part == "head" or difference.code == "output_activation":
        return "head"
    return "stages" if difference.code in SETTINGS | {"wrong_depth"} else "blocks"
