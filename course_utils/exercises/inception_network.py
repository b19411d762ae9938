"""inception_network (notebook 02): a network of Inception modules with auxiliary heads. Any good one is right."""

import json
from typing import NamedTuple

from course_utils.check.difference import paths
from course_utils.check.graph import KERNELS, Graph
from course_utils.check.judge import not_reached, passed
from course_utils.check.judge.later import advice
from course_utils.check.judge.models import network as network_exercise
from course_utils.check.judge.models import readable
from course_utils.check.result import UNANSWERED, Finding, Step


def _hidden(rng):
    drawn = [
        {"input_shape": [rng.randint(32, 64), rng.randint(32, 64), rng.randint(1, 4)], "classes": rng.randint(2, 12)}
        for _ in range(2)
    ]
    return [{}, *drawn]


POOLS = {"max_pool", "average_pool"}
BRANCHES = "1x1", "3x3", "5x5", "pooling"


class Module(NamedTuple):
    """A concatenation along the channels. position: of its node. branches: those of BRANCHES that there are."""

    position: int
    branches: list[str]
    nodes: set[int]


def _judge(evidence, steps):
    problem, networks = readable(evidence, 1)
    if problem and problem.code == UNANSWERED:
        return [problem]
    problem = problem or next(filter(None, (_arguments(*network) for network in networks)), None)
    findings = [problem or passed(steps[0])]
    for step, look in zip(steps[1:], (_modules_problem, _outputs_problem, _auxiliary_problem), strict=True):
        faults = [look(network) for *_, network in networks]
        fault = next(filter(None, faults), None)
        if not networks or fault == UNKNOWN:
            findings.append(not_reached(step))
        else:
            findings.append(fault or passed(step))
    return findings


UNKNOWN = "unknown"  # in place of a finding: another one stands in the way


def _arguments(asked, told, network):
    """The finding for an input or outputs of another shape than asked for, or None."""
    given = asked["arguments"]
    shape, classes = given.get("input_shape", [32, 32, 3]), given.get("classes", 10)
    if told["input_shape"] != [None, *shape]:
        n, *rest = told["input_shape"] or [None]
        got = str(tuple(rest if n is None else (n, *rest)))
        text = f"Asked for pictures of shape {tuple(shape)}, it takes others. Where is input_shape used?"
        return _fault("wrong_input_shape", text, str(tuple(shape)), got)
    outputs = told["output_shape"] or [[]]
    outputs = outputs if isinstance(outputs[0], list) else [outputs]
    for number, output in enumerate(outputs, start=1):
        if output != [None, classes]:
            got = f"({', '.join('n' if size is None else str(size) for size in output)})"
            text = (
                f"Asked for {classes} classes and pictures of shape {tuple(shape)}, output {number} has shape {got}. "
                "What should each head give for one picture?"
            )
            return _fault("wrong_units", text, f"(n, {classes})", got)
    return None


# Inception modules.


def modules(network):
    """The concatenations of a graph that join branches, each a Module."""
    _, sides = paths(network)
    found = []
    for position, node in enumerate(network.nodes):
        branches = [side.positions for side in sides if side.merge == position]
        if node.kind == "concat" and node.params["axis"] == -1 and len(branches) > 1:
            kinds = sorted({_kind(network, branch) for branch in branches} & {*BRANCHES}, key=BRANCHES.index)
            found.append(Module(position, kinds, {i for branch in branches for i in branch}))
    return found


def _kind(network: Graph, branch):
    """Which of BRANCHES a branch is: by its pooling, or by how far its convolutions see together; "" for none."""
    nodes = [network.nodes[position] for position in branch]
    kernels = [node.params["kernel"] for node in nodes if node.kind in KERNELS and "kernel" in node.params]
    if any(node.kind in POOLS for node in nodes):
        return "pooling"
    if not kernels:
        return ""
    sees = min(1 + sum(kernel[axis] - 1 for kernel in kernels) for axis in (0, 1))
    return "1x1" if sees < 3 else "3x3" if sees < 5 else "5x5"


def _modules_problem(network):
    found = modules(network)
    whole = [module for module in found if len(module.branches) == len(BRANCHES)]
    concats = [node for node in network.nodes if node.kind == "concat"]
    if concats and all(node.params["axis"] != -1 for node in concats):
        text = "What is concatenated lies side by side in the picture. Which axis counts the channels?"
        return _fault("concat_axis", text)
    if not found:
        text = "Nowhere are parallel branches joined by their channels. What is an Inception module made of?"
        return _fault("no_modules", text, "two modules or more", "none")
    if not whole:
        most = max((module.branches for module in found), key=len)
        missing = ", ".join(kind for kind in BRANCHES if kind not in most)
        text = f"Branches are joined, but no module has all four kinds: {missing} is missing. What does each look for?"
        return _fault("branch_missing", text, ", ".join(BRANCHES), ", ".join(most))
    if len(whole) < 2:
        text = "There is one Inception module. What can a second one see that the first cannot?"
        return _fault("one_module", text, "two modules or more", "one")
    if network.shared():
        text = (
            "A layer is called more than once, so that its weights are the same in several places. How many layers are "
            "made, and how many should there be?"
        )
        return _fault("layer_shared", text)
    return _linear(network, whole)


def _linear(network, whole):
    """The finding for a convolution of a module that no activation follows, or None."""
    after = {position: [] for position in range(len(network.nodes))}
    for position, node in enumerate(network.nodes):
        for i in node.inputs:
            after[i].append(position)

    def bends(position):
        kinds = [network.nodes[i].kind for i in after[position]]
        passing = [i for i in after[position] if network.nodes[i].kind in ("norm", "concat")]
        return "activation" in kinds or any(bends(i) for i in passing)

    straight = [
        position
        for module in whole
        for position in module.nodes
        if network.nodes[position].kind in KERNELS and not bends(position)
    ]
    if not straight:
        return None
    text = (
        f"{len(straight)} convolutions of the modules have no activation behind them, and two linear steps in a row "
        "are one. What follows each convolution?"
    )
    return _fault("relu_missing", text, "ReLU behind each convolution", f"none behind {len(straight)} of them")


# Outputs, and where they leave.


def _outputs_problem(network):
    outputs = network.outputs
    if len(outputs) < 2:
        text = "There is one output. Where could a second head look at the network, before its end?"
        return _fault("one_output", text, "[main, auxiliary, ...]", "one output")
    if len({*outputs}) < len(outputs):
        text = "Two of the outputs are the very same. Where does each head begin?"
        return _fault("same_output", text)
    ends = [network.nodes[output] for output in outputs]
    functions = [node.params["function"] if node.kind == "activation" else "linear" for node in ends]
    if {*functions} != {"softmax"}:
        text = "Each output should be probabilities of the classes. Which activation makes them?"
        return _fault("output_activation", text, "softmax at each output", ", ".join(functions))
    return None


def _auxiliary_problem(network):
    main, *auxiliary = (_above(network, output) for output in network.outputs)
    places = {module.position for module in modules(network)}
    if not auxiliary or not places or len({*network.outputs}) < len(network.outputs):
        return UNKNOWN
    for head in auxiliary:
        if not any(network.nodes[position].kind in KERNELS for position in head & main):
            text = "An auxiliary head shares no layer with the main network. What should its gradient reach?"
            return _fault("auxiliary_apart", text)
        if places & main < places & head:
            text = (
                "The first output leaves before another one: the main head, which sees all modules, is expected first. "
                "In which order are the outputs handed to the model?"
            )
            return _fault("main_not_first", text, "[main, auxiliary, ...]", "an auxiliary head first")
        if not places & main - head:
            text = (
                "An auxiliary head stands at the end of the network, beside the main one. Which layers would get a "
                "gradient from nearby if it left earlier?"
            )
            return _fault("auxiliary_at_end", text, "a head before the last module", "a head behind it")
    return None


def _above(network, position):
    """The positions of all nodes that a node is computed from, and its own."""
    found, waiting = set(), [position]
    while waiting:
        position = waiting.pop()
        if position not in found:
            found.add(position)
            waiting += network.nodes[position].inputs
    return found


def _fault(code, message, expected=None, got=None):
    return Finding(code, False, message, expected, got, points=1)


def _listed(request, evidence):
    """The advice on outputs that have names and no order."""
    if isinstance(json.loads(evidence["probes"][0]["config"])["config"]["output_layers"], dict):
        text = (
            "Its outputs are a dict. Cells below take them by their places, the main one first: hand a list to "
            "keras.Model."
        )
        yield advice("named_outputs", text, "[main, auxiliary, ...]", "a dict")


exercise = network_exercise(
    notebook="02",
    place=4,
    title="inception_network",
    probes=[{"input_shape": [64, 48, 1], "classes": 7}, {"input_shape": [32, 32, 3], "classes": 10}],
    hidden=_hidden,
    steps=(
        Step(
            "builds", 1, "takes input_shape and gives classes", "It takes and gives what input_shape and classes say."
        ),
        Step("modules", 1, "is made of Inception modules", "It is made of Inception modules."),
        Step("outputs", 1, "answers with probabilities, several times", "Each of its outputs gives probabilities."),
        Step(
            "auxiliary", 1, "has auxiliary heads that leave on the way", "Its auxiliary heads leave the network early."
        ),
    ),
    judge=_judge,
    hints=(
        "Follow the way from the input: does each module begin with what the one before gave? Then look at "
        "each output: from which tensor does its head start, and are there modules behind that place?",
        "Write an inner function for a head and call it once for each output: each call makes new layers. Go "
        "through the modules in a loop and put an auxiliary head into a list on the way. `keras.Model` takes "
        "a list of outputs: the main one first, then the others.",
    ),
    arguments="input_shape, classes",
    later=("inception_network((32, 32, 3), 6)",),
    advice=_listed,
)
