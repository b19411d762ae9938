"""What distinguishes two canonical graphs, said as a teacher would say it: where, what stands there, what to look at.

A graph is read as a main path, the one with most convolutions, and its side paths: shortcuts that end in an addition,
branches that end in a concatenation (all of them: the main path leaps over). The main paths are aligned as two texts
are, then the side paths of those sums and concatenations that correspond, the likest branches together.
Each difference has a code, the same for everybody who made the same mistake.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import permutations
from operator import and_, or_

from course_utils.check.graph import KERNELS

NAMES = {
    "conv": "convolution",
    "depthwise_conv": "depthwise convolution",
    "separable_conv": "separable convolution",
    "conv_transpose": "transposed convolution",
    "norm": "batch normalisation",
    "layer_norm": "layer normalisation",
    "dense": "dense layer",
    "max_pool": "max pooling",
    "average_pool": "average pooling",
    "global_average": "average pooling",
    "globalmaxpooling2d": "max pooling",
    "flatten": "flattening",
    "pad": "zero padding",
    "add": "addition",
    "concat": "concatenation",
    "multiply": "multiplication",
    "average": "average",
    "subtract": "subtraction",
    "concat_for_sum": "concatenation",
    "input": "input",
}
FUNCTIONS = {"relu": "ReLU", "elu": "ELU", "selu": "SELU", "gelu": "GELU", "silu": "SiLU", "leaky_relu": "leaky ReLU"}
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()  # noqa: SIM905
MERGES = {"add", "concat", "multiply", "average", "subtract", "maximum", "minimum", "concat_for_sum"}
POOLS = {"max_pool", "average_pool", "global_average", "globalmaxpooling2d"}


@dataclass(frozen=True)
class Difference:
    """One difference of an answer from what is expected.

    code: what kind of mistake it is. message: for the student, a sentence or two. place: where, in the words of the
    reference ("the second convolution of stage 3, block b"). part: "input", "stem", "main path", "shortcut", "branch",
    "addition" (with what follows it), "head" or "network". expected, got: short texts. more: in how many other places
    the same is found.
    """

    code: str
    message: str
    place: str
    part: str
    expected: str
    got: str
    more: int = 0


def foremost(found):
    """The first of the differences of one graph, or None. It says in how many more places the same holds."""
    if not found:
        return None
    first = found[0]
    more = sum((d.code, d.expected, d.got) == (first.code, first.expected, first.got) for d in found) - 1
    if more:
        places = "another place" if more == 1 else f"{more} more places"
        first = replace(first, more=more, message=f"{first.message} The same holds in {places}.")
    return first


def differences(answer, reference, first_stage=None):
    """All differences, in the order in which the network is read; empty exactly if the graphs are equal.

    first_stage: the number of the first stage of blocks; None for 2 behind a stem, which then counts as one, else 1.
    """
    if answer == reference:
        return []
    if not reference.count("concat"):  # then a concatenation stands for a sum, and its paths are read as those of one
        nodes = [replace(node, kind="concat_for_sum") if node.kind == "concat" else node for node in answer.nodes]
        answer = replace(answer, nodes=nodes)
    found = _shared(answer, reference) or _Comparison(answer, reference, first_stage).run()
    return found or [UNNAMED]


UNNAMED = Difference(
    "different_graph",
    "The layers are right one by one, but they are connected in another way. Draw both as boxes and arrows.",
    "the network",
    "network",
    "the connections of the description",
    "others",
)


# Reading a graph as paths.


@dataclass
class _Path:
    """positions: of nodes, in order. source: the node they start from. merge: the node they end in, which the path
    beside them enters from the node `beside`."""

    positions: list
    source: int | None = None
    merge: int | None = None
    beside: int | None = None


def paths(graph):
    """The main path and the side paths of a graph; a side path may be empty, as an identity shortcut is.

    positions: of nodes; merge: that of the node in which a side path ends, None for a further output.
    """
    best, back, above = [], [], []
    for position, node in enumerate(graph.nodes):
        before = max(node.inputs, key=lambda i: best[i], default=None)
        kernels, length = best[before] if before is not None else (0, 0)
        best.append((kernels + (node.kind in KERNELS), length - 1))  # of equally many convolutions the shorter
        above.append(reduce(or_, (above[i] for i in node.inputs), 1 << position))  # a bit for each node before it
        if node.kind == "concat":
            common = reduce(and_, (above[i] for i in node.inputs))
            before = common.bit_length() - 1 if common else before
        back.append(before)

    def walk(position):
        positions = []
        while position is not None and position not in owned:
            positions.append(position)
            owned.add(position)
            position = back[position]
        return positions[::-1], position

    owned, sides = set(), []
    main, _ = walk(graph.outputs[0])
    waiting = [*main]
    for output in graph.outputs[1:]:
        positions, source = walk(output)
        sides.append(_Path(positions, source))
        waiting += positions
    for merge in waiting:  # grows while it is read
        others = sorted(graph.nodes[merge].inputs)
        if back[merge] in others and graph.nodes[merge].kind != "concat":
            others.remove(back[merge])
        for position in others:
            positions, source = walk(position)
            sides.append(_Path(positions, source, merge, back[merge]))
            waiting += positions
    return _Path(main), sides


@dataclass(frozen=True)
class _Place:
    """Where a node of the reference is. label: " of stage 3, block b" or "". words: "the first convolution"."""

    part: str
    label: str
    words: str

    def __str__(self):
        return self.words + self.label

    @property
    def block(self):
        return self.label.removeprefix(" of ") or "the block"


def _places(graph, main, sides, first_stage=None):
    """A _Place for each node of the reference."""
    order = {position: i for i, position in enumerate(main.positions)}
    blocks = []  # (first, last) on the main path, and the channels that come out
    for i, position in enumerate(main.positions):
        starts = [order[side.source] for side in sides if side.merge == position and side.source in order]
        if starts and graph.nodes[position].kind in MERGES:
            last = i + (i + 1 < len(main.positions) and graph.nodes[main.positions[i + 1]].kind == "activation")
            first = min(starts) + 1  # behind its pre-activation where its shortcut is a projection of that
            first -= 2 * _is_preactivation(graph, main.positions[first - 1])
            blocks.append((first, i, last, graph.nodes[position]))
    places = {}
    has_stem = bool(blocks) and blocks[0][0] > 1
    labels = _labels(blocks, first_stage or (2 if has_stem else 1))
    done = 0
    for (first, merge, last, node), label in zip(blocks, labels, strict=True):
        if first > done:
            part, where = ("main path", " between the blocks") if done else ("stem", " of the stem")
            _name(graph, main.positions[done:first], part, where, places)
        _name(graph, main.positions[max(first, done) : merge], "main path", label, places)
        _name(graph, main.positions[merge : last + 1], "addition", label, places)
        for side in (s for s in sides if s.merge == main.positions[merge]):
            if node.kind == "concat":
                _name(graph, side.positions, "branch", f" of {_branch(graph, side)}{label}", places)
            else:
                _name(graph, side.positions, "shortcut", f" on the shortcut{label}", places)
        done = last + 1
    _name(graph, main.positions[done:], "head" if blocks else "main path", " of the head" if blocks else "", places)
    for position in range(len(graph.nodes)):
        places.setdefault(position, _Place("branch", "", f"{_one(_kind(graph.nodes[position]))} beside the main path"))
    return places


def _is_preactivation(graph, position):
    """Does an activation follow a normalisation of something else than a convolution's output?"""
    norm = graph.nodes[graph.nodes[position].inputs[0]] if graph.nodes[position].kind == "activation" else None
    return norm is not None and norm.kind == "norm" and graph.nodes[norm.inputs[0]].kind not in KERNELS


def _branch(graph, side):
    """A branch by what it holds: "the pooling branch", "the 3x3 branch"."""
    nodes = [graph.nodes[position] for position in side.positions]
    if any(node.kind in POOLS for node in nodes):
        return "the pooling branch"
    kernels = [node.params["kernel"] for node in nodes if "kernel" in node.params]
    return f"the {max(kernels)[0]}x{max(kernels)[1]} branch" if kernels else "the branch without convolutions"


def _labels(blocks, first_stage):
    """A label for each block, " of stage 3, block b": a stage is a run of blocks that give equally many channels."""
    if len(blocks) == 1:
        return [""]
    if any(node.kind == "concat" for *_, node in blocks):
        return [f" of module {number}" for number in range(1, len(blocks) + 1)]
    labels, stage, letter, channels = [], first_stage - 1, 0, None
    for *_, node in blocks:
        now = node.shape[-1] if node.shape else channels
        if not labels or now != channels:
            stage, letter, channels = stage + 1, 0, now
        labels.append(f" of stage {stage}, block {chr(ord('a') + letter % 26)}")
        letter += 1
    return labels


def _name(graph, positions, part, label, places):
    """Name the nodes of one stretch: "the second convolution", "the batch normalisation after it", and so on."""
    kinds = Counter(_kind(graph.nodes[position]) for position in positions)
    seen, last = Counter(), None
    for position in positions:
        kind = _kind(graph.nodes[position])
        seen[kind] += 1
        words = f"the {_ordinal(seen[kind])}{kind}" if kinds[kind] > 1 else f"the {kind}"
        node = graph.nodes[position]
        if node.kind == "norm" and last and kinds[kind] > 1:
            words = f"the {kind} after {last}"
        elif node.kind == "activation" and part == "addition":
            words = f"the {kind} after the addition"
        elif node.kind == "activation" and last and not label and part == "main path" and "add" not in _kinds(graph):
            words = f"the {kind} after {last}"
        if node.kind in KERNELS:
            last = words
        in_part = "input" if node.kind == "input" else part
        places[position] = _Place(in_part, "" if node.kind == "input" else label, words)


def _kinds(graph):
    return {node.kind for node in graph.nodes}


def _blocks(count):
    return f"{count} {'block' if count == 1 else 'blocks'}"


def _listed(parts):
    """ "stages 3, 4 and 5" of "stage 3", "stage 4", "stage 5"; other words as they are."""
    if len(parts) == 1:
        return parts[0]
    kind = parts[0].split()[0]
    words = [part.removeprefix(f"{kind} ") for part in parts]
    return f"{kind}s {', '.join(words[:-1])} and {words[-1]}"


def _kind(node):
    """In words: "convolution", "ReLU", ..."""
    if node.kind == "activation":
        function = node.params["function"]
        return FUNCTIONS.get(function, function.replace("_", " "))
    return NAMES.get(node.kind, node.kind)


def _ordinal(number):
    return f"{ORDINALS[number - 1]} " if number <= len(ORDINALS) else f"{number}th "


# Aligning two paths.


def _gap(node):
    """What it costs to leave a node without a partner: where two could move, the lighter one is said to have moved."""
    return 1.5 if node.kind in MERGES else 1.2 if node.kind in KERNELS else 1.1 if node.kind == "norm" else 1.0


def _cost(a, r):
    if a.kind == r.kind:
        return min(0.8, 0.2 * sum(a.params.get(key) != value for key, value in r.params.items()))
    alike = {a.kind, r.kind} <= POOLS or {a.kind, r.kind} <= MERGES
    return 0.9 if alike else 9.0


def _align(a_nodes, r_nodes):
    """Pairs (i, j) of indices, None for no partner, in order: the cheapest alignment of two lists of nodes."""
    a_keys, r_keys = ([_key(node) for node in nodes] for nodes in (a_nodes, r_nodes))
    a_gaps, r_gaps = ([_gap(node) for node in nodes] for nodes in (a_nodes, r_nodes))
    costs = {}
    for a, a_key in zip(a_nodes, a_keys, strict=True):
        for r, r_key in zip(r_nodes, r_keys, strict=True):
            if (a_key, r_key) not in costs:
                costs[a_key, r_key] = _cost(a, r)
    total = [[sum(r_gaps[:j]) for j in range(len(r_nodes) + 1)]]
    for i, (a_key, a_gap) in enumerate(zip(a_keys, a_gaps, strict=True)):
        row = [total[i][0] + a_gap]
        for j, (r_key, r_gap) in enumerate(zip(r_keys, r_gaps, strict=True)):
            row.append(min(total[i][j] + costs[a_key, r_key], total[i][j + 1] + a_gap, row[j] + r_gap))
        total.append(row)
    pairs, i, j = [], len(a_nodes), len(r_nodes)
    while i or j:
        here = total[i][j]
        if i and j and abs(here - total[i - 1][j - 1] - costs[a_keys[i - 1], r_keys[j - 1]]) < 1e-9:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and abs(here - total[i - 1][j] - a_gaps[i - 1]) < 1e-9:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _key(node):
    return f"{node.kind} {node.params}"


def _distance(a_nodes, r_nodes):
    """How far two paths are apart: the cost of their alignment."""
    cost = 0
    for i, j in _align(a_nodes, r_nodes):
        paired = i is not None and j is not None
        cost += _cost(a_nodes[i], r_nodes[j]) if paired else _gap(a_nodes[i] if j is None else r_nodes[j])
    return cost


def _closest(far):
    """The pairs (i, j) that are nearest in all: far[i][j] says how far they are apart. None for no partner."""
    rows, columns = len(far), len(far[0])
    if rows > columns:
        return [(i, j) for j, i in _closest([list(column) for column in zip(*far, strict=True)])]
    if columns > 6:  # too many orders to try
        chosen = tuple(range(rows))
    else:
        chosen = min(permutations(range(columns), rows), key=lambda js: sum(far[i][j] for i, j in enumerate(js)))
    left = [(None, j) for j in range(columns) if j not in chosen]
    return [*enumerate(chosen), *left]


def _lone(events, k, side):
    """Is there an event number k, and has its node of this side no partner?"""
    return 0 <= k < len(events) and events[k][side] is not None and events[k][1 - side] is None


def _heads(positions, graph):
    """Of a run of nodes those worth naming: a convolution stands for the normalisation and activation after it."""
    heads = []
    for position in positions:
        follows = heads and graph.nodes[heads[-1]].kind in KERNELS
        if not (follows and graph.nodes[position].kind in ("norm", "activation")):
            heads.append(position)
    return heads


# Naming what differs.


def _shared(answer, reference):
    """Layers with weights that the answer calls several times, where the reference makes a new one each time."""
    found = []
    for positions in () if reference.shared() else answer.shared().values():
        kind, times = _kind(answer.nodes[positions[0]]), len(positions)
        message = (
            f"One {kind} is called {times} times, so that its weights are the same in all these places. "
            "How many layers are made, and how many should there be?"
        )
        expected = f"a {kind} of its own in each place"
        found.append(Difference("layer_shared", message, _one(kind), "network", expected, f"one in {times} places"))
    return found


@dataclass
class _Comparison:
    a: object  # the answer's graph
    r: object  # the reference's
    first_stage: int | None = None
    partner: dict = field(default_factory=dict)  # position in the answer -> position in the reference
    stands_for: dict = field(default_factory=dict)  # the same for a node that is missing: the one before it
    found: list = field(default_factory=list)

    def run(self):
        a_main, self.a_sides = paths(self.a)
        r_main, self.r_sides = paths(self.r)
        self.a_main, self.r_main = a_main.positions, r_main.positions
        self.place = _places(self.r, r_main, self.r_sides, self.first_stage)
        self.preactivations = {r for r in self.r_main if _is_preactivation(self.r, r)}
        self._count_outputs()
        self._path(a_main.positions, r_main.positions)
        self._other_outputs()
        self.found = _strides_everywhere(_swapped_filters(_in_another_place(_merged_otherwise(self.found))))
        return [difference for difference, *_ in self.found]

    def add(self, code, place, message, expected, got, **about):
        """about: what a later look at several differences needs to know of this one."""
        text = message[0].upper() + message[1:]
        self.found.append((Difference(code, text, str(place), place.part, expected, got), place, about))

    # A path: what corresponds, what is missing, what is too much.

    def _path(self, a_positions, r_positions, shortcut=False):
        events = []  # (answer's position, reference's position), None for none
        for i, j in _align([self.a.nodes[p] for p in a_positions], [self.r.nodes[p] for p in r_positions]):
            events.append((None if i is None else a_positions[i], None if j is None else r_positions[j]))
        self._whole_units(events)
        self._pair_up(events)
        moved = self._moved(events)
        k = 0
        while k < len(events):
            a, r = events[k]
            if a is not None and r is not None:
                if self.a.nodes[a].kind in MERGES:
                    self._sides(a, r)
                self._settings(a, r, last=k == len(events) - 1)
                k += 1
                continue
            end = k
            while end < len(events) and None in events[end]:
                end += 1
            before = events[k - 1] if k else (None, None)
            after = events[end] if end < len(events) else (None, None)
            self._unpaired(events[k:end], before, after, moved, shortcut)
            k = end

    def _whole_units(self, events):
        """Let a run of nodes without partners begin with a convolution, or be the last whole blocks, if it can be.

        Any place among equal neighbours costs the same; the first block of a stage is the one with a projection.
        """
        for side, graph in ((0, self.a), (1, self.r)):
            ends = [k for k in range(len(events)) if _lone(events, k, side) and not _lone(events, k + 1, side)]
            for end in ends:
                start = end
                while _lone(events, start - 1, side):
                    start -= 1
                kinds = {graph.nodes[events[k][side]].kind for k in range(start, end + 1)}
                if not kinds & KERNELS:
                    continue
                whole_blocks = None  # the events, where the run was last found to be whole blocks
                while True:
                    here = events[start][side]
                    if kinds & MERGES and start and self._ends_block(events[start - 1][1]):
                        whole_blocks = [*events]
                    if not kinds & MERGES and graph.nodes[here].kind in KERNELS:
                        break
                    if end + 1 == len(events) or None in events[end + 1]:
                        break
                    there, other = events[end + 1][side], events[end + 1][1 - side]
                    if _key(graph.nodes[here]) != _key(graph.nodes[there]):
                        break
                    events[start] = (here, other) if side == 0 else (other, here)
                    events[end + 1] = (there, None) if side == 0 else (None, there)
                    start, end = start + 1, end + 1
                if whole_blocks:
                    events[:] = whole_blocks

    def _ends_block(self, r):
        if r is None:
            return False
        place = self.place[r]
        return place.part in ("stem", "input") or (place.part == "addition" and self.r.nodes[r].kind == "activation")

    def _pair_up(self, events):
        """Remember who corresponds to whom; what has no partner stands for the one before it."""
        last = None
        for a, r in events:
            if a is not None and r is not None:
                self.partner[a] = last = r
            elif a is not None:
                self.partner[a] = last
            else:
                self.stands_for[r] = last

    def _moved(self, events):
        """Nodes that stand on the wrong side of their neighbour: {missing: (extra, neighbour, "before" or "after")}."""
        moved = {}
        for k, (a, r) in enumerate(events):
            for step, side in ((-1, "before"), (1, "after")) if a is None else ():
                over, other = (events[i] if 0 <= i < len(events) else (None, None) for i in (k + step, k + 2 * step))
                if None in over or other[0] is None or other[1] is not None:
                    continue
                if _key(self.a.nodes[other[0]]) == _key(self.r.nodes[r]):
                    moved.setdefault(r, (other[0], over[1], side))
        return moved

    def _unpaired(self, events, before, after, moved, shortcut):
        missing = [r for _, r in events if r is not None]
        extra = [a for a, _ in events if a is not None]
        for positions, graph in ((missing, self.r), (extra, self.a)):
            kinds = {graph.nodes[p].kind for p in positions}
            if kinds & MERGES and kinds & KERNELS:
                beside = (r for r in (before[1], after[1]) if self._stage(r) != "the network")
                return self._depth(positions, next(beside, None), fewer=graph is self.r)
        missing, extra = _heads(missing, self.r), _heads(extra, self.a)
        elsewhere = {a for a, *_ in moved.values()}
        for r in missing:
            if self._pads_itself(r, after[0]):
                continue
            if r not in moved:
                self._missing(r)
            elif self.r.nodes[moved[r][1]].kind not in MERGES:
                self._order(r, *moved[r][1:])
        for a in extra:
            if a not in elsewhere or self._before_addition(a, after):
                self._extra(a, before, after, shortcut)
        return None

    def _pads_itself(self, r, a):
        """Has the answer's next node the zeros that are missing at r? Behind a ReLU a pooling takes them in."""
        zeros = None if a is None else self.a.nodes[a].params.get("padding")
        return self.r.nodes[r].kind == "pad" and zeros not in (None, ((0, 0), (0, 0)))

    def _order(self, r, over, side):
        kind, place, over = _kind(self.r.nodes[r]), self.place[r], self.place[over]
        other = "after" if side == "before" else "before"
        text = f"{kind} stands {side} {over}, not {other} it. In which order does the unit take its steps?"
        self.add("wrong_order", place, text, f"{kind} {other} {over.words}", f"{kind} {side} {over.words}")

    def _depth(self, positions, beside, fewer):
        """Whole blocks that are missing, by stage, or that are too many, in the stage of the node `beside`."""
        if fewer:
            merges = [p for p in positions if self.r.nodes[p].kind in MERGES]
        else:
            merges = [beside] * sum(self.a.nodes[p].kind in MERGES for p in positions)
        absent = {}
        for stage, blocks in Counter(self._stage(p) for p in merges).items():
            total = sum(self.r.nodes[p].kind in MERGES and self._stage(p) == stage for p in self.r_main)
            if fewer and blocks == total:
                absent[stage] = total
                continue
            count = "a block" if blocks == 1 else f"{blocks} blocks"
            text = f"{stage} has {count} {'fewer' if fewer else 'more'} than it should. How often does its loop run?"
            got = total - blocks if fewer else total + blocks
            self.add("wrong_depth", _Place("network", "", stage), text, _blocks(total), _blocks(got))
        if absent:
            place = _Place("network", "", _listed([*absent]))
            *more, last = absent.values()
            expected, got = f"{', '.join(map(str, more))} and {_blocks(last)}" if more else _blocks(last), _blocks(0)
            self.add("wrong_depth", place, self._absent(absent), expected, got)

    def _absent(self, stages):
        """In words that stages are missing as a whole, or what is missing of a single block."""
        if "the network" not in stages:
            verb = "is" if len(stages) == 1 else "are"
            return f"{_listed([*stages])} {verb} missing. What should stand there?"
        total = sum(node.kind in KERNELS for node in self.r.nodes)
        gone = total - sum(node.kind in KERNELS for node in self.a.nodes)
        merge = _kind(next(node for node in self.r.nodes if node.kind in MERGES))
        convolutions = "" if gone <= 0 else f"{'its' if gone == total else f'{gone} of its'} {total} convolutions and "
        verb = "are" if convolutions else "is"
        return f"{convolutions}the {merge} {verb} missing. Which steps does the description list?"

    def _stage(self, r):
        """ "stage 3", "module 2", or "the network" where it has no such parts."""
        label = "" if r is None else self.place[r].label.split(",")[0].removeprefix(" of ")
        return label if label.startswith(("stage", "module")) else "the network"

    def _missing(self, r):
        node, place = self.r.nodes[r], self.place[r]
        kind = _kind(node)
        at_end = r == self.r_main[-1]
        if node.kind == "norm":
            text = f"{place} is missing. Each convolution here is followed by one: go through them one by one."
            code = "bn_missing"
            if self.preactivations and place.part == "head":
                code = "post_activation_missing"
                text = (
                    f"{place} is missing: what the last addition gives goes on as it is. Each block normalises and "
                    "activates what the one before it gave. Who does so for the last one?"
                )
            elif self.preactivations:
                text = (
                    f"{place} is missing. Here a normalisation and ReLU stand before each convolution of the main "
                    "path: go through them one by one."
                )
        elif node.kind == "activation" and place.part == "addition":
            code = "final_relu_missing"
            text = f"{place.block} ends with the addition; one step is still to come."
        elif node.kind == "activation" and at_end and kind == "ReLU":
            code, text = "final_relu_missing", f"{place} is missing: one step is still to come."
        elif node.kind == "activation" and at_end:
            code = "output_activation"
            text = f"the network ends without a {kind}: what comes out are logits. What should its outputs be?"
        elif node.kind == "activation":
            code, text = "relu_missing", f"{place} is missing, so that two linear steps follow each other."
        elif node.kind == "add":
            code = "shortcut_missing"
            text = (
                f"nothing is added at the end of {place.block}: what entered it has no short way to its end. "
                "What makes a block residual?"
            )
        elif node.kind == "concat":
            code = "branches_not_joined"
            text = f"the branches{place.label} are not joined, so that one at most comes out. Which layer joins them?"
        elif node.kind in POOLS and place.part == "shortcut":
            code = "shortcut_pooling_missing"
            shrinks = place.label.removeprefix(" on the shortcut").removeprefix(" of ") or "the block"
            text = (
                f"{shrinks} shrinks the picture on its main "
                "path and not on its shortcut. How does what is carried come to the same size, without weights?"
            )
        elif node.kind in POOLS:
            code, text = "wrong_pooling", f"{place} is missing. What should happen to the feature maps there?"
        elif node.kind == "pad":
            code, text = "wrong_padding", f"{place} is missing."
        else:
            code, text = "layer_missing", f"{place} is missing."
        self.add(code, place, text, kind, "nothing there")

    def _before_addition(self, a, after):
        merge = after[1] is not None and self.r.nodes[after[1]].kind == "add"
        return self.a.nodes[a].kind == "activation" and merge

    def _extra(self, a, before, after, shortcut):
        node = self.a.nodes[a]
        kind = _kind(node)
        near = self.place[before[1] if before[1] is not None else after[1]] if before != after else _Place("", "", "")
        if shortcut and node.kind == "activation":
            return self._relu_on_shortcut(near, near.label.removeprefix(" on the shortcut"), kind)
        if self._before_addition(a, after):
            place = self.place[after[1]]
            text = (
                f"in {place.block} {kind} stands between the main path and the addition, so that it can only add, "
                "never take away. Where does the last activation of a block belong?"
            )
            return self.add("relu_before_add", place, text, "the addition, then ReLU", f"{kind}, then the addition")
        added = before[1] is not None and self.r.nodes[before[1]].kind == "add"
        if node.kind == "activation" and added and self.preactivations:
            block = self.place[before[1]].block
            text = (
                f"{kind} follows the addition of {block}, so that what the shortcut carries does not arrive as it is. "
                "At which end of a pre-activation block does its ReLU stand?"
            )
            return self.add("relu_after_add", near, text, "nothing after the addition", kind)
        if node.kind == "activation" and after == (None, None) and not shortcut and a == self.a_main[-1]:
            text = f"the network ends with {kind}, where nothing should follow {near}. What should its outputs be?"
            return self.add("output_activation", near, text, "no activation at the end", kind)
        start = "at the beginning of the shortcut" if shortcut else "at the beginning"
        words = f"{_one(kind)} stands {f'after {near}' if before[1] is not None else start}"
        self.add("extra_layer", near, f"{words}, where none is expected.", "nothing there", _one(kind))

    # Two nodes that correspond.

    def _settings(self, a, r, last):
        got, expected, place = self.a.nodes[a], self.r.nodes[r], self.place[r]
        if got.kind != expected.kind:
            code = "wrong_merge" if expected.kind in MERGES else "wrong_pooling"
            kinds = _kind(expected), _kind(got)
            text = f"{place} is {_one(kinds[1])}. What should happen there?"
            if kinds[0] == kinds[1]:  # one over the whole map, the other over a part of it
                kinds = tuple(
                    f"{_kind(node)} {self._extent(node, graph)}" for node, graph in ((expected, self.r), (got, self.a))
                )
                text = f"{place} is taken {self._extent(got, self.a)}. Which size is asked for?"
            return self.add(code, place, text, *kinds)
        grouped = dict.fromkeys({"groups"} & got.params.keys(), 1)  # which a node names only where there are several
        for key, wanted in (grouped | expected.params).items():
            given = got.params.get(key)
            if given == wanted or (key == "bias" and given is None):  # None: before a batch normalisation
                continue
            if key == "padding":
                if got.padding == expected.padding != "zeros" or any(
                    got.params.get(k) != expected.params[k] for k in ("kernel", "strides")
                ):
                    continue  # it follows from another difference, here or before
                if self.found and _most_zeros(got) == _most_zeros(expected):
                    continue  # it follows from a difference before: a map of another size
                words = _padding(expected, read=False), _padding(got)
            else:
                words = _words(key, wanted), _words(key, given)
            code, text = self._setting(key, expected, place, *words, last)
            self.add(code, place, text, *words, wanted=wanted, given=given)

    def _extent(self, node, graph):
        """In words over what a pooling is taken."""
        if "kernel" in node.params:
            return f"over {'x'.join(map(str, node.params['kernel']))}"
        shape = graph.nodes[node.inputs[0]].shape
        size = f", here {shape[1]}x{shape[2]}" if shape and len(shape) == 4 else ""
        return f"over the whole feature map{size}"

    def _setting(self, key, node, place, wanted, given, last):
        """(code, message) of a setting that differs."""
        if key == "function" and last and place.part in ("head", "main path") and node.params[key] != "relu":
            return "output_activation", f"the network ends with {given}, not {wanted}. What should its outputs be?"
        if key == "function":
            return "wrong_activation", f"{given} stands where {place} belongs. Which activation is asked for?"
        if node.kind in POOLS:
            return "wrong_pooling", f"{place} has {given}. Which size, strides and padding are asked for?"
        if key == "kernel":
            size = node.params["kernel"][0]
            block = "add" in _kinds(self.r) and place.part == "main path" and not place.label
            if given == "a 3x3 kernel" and size > 1 and self.preactivations and place.part == "main path":
                text = f"{place} still has {given}. Which argument should set its size?"
                return "kernel_size_ignored", text
            if given == "a 3x3 kernel" and size > 1 and block:
                text = f"with f={size} {place} still has {given}. Which argument should set its size?"
                return "kernel_size_ignored", text
            return "wrong_kernel_size", f"{place} has {given}. Which size should it have?"
        if key == "strides":
            if self.preactivations and self._shrinks_elsewhere(place):
                text = f"{place} has {given}, in a block that keeps the size. Which block of a stage has the stride?"
                return "stride_in_wrong_block", text
            return "wrong_strides", f"{place} has {given}. Which of the convolutions change the size of the picture?"
        if key == "filters":
            return "wrong_filters", f"{place} has {given}. Which number of filters belongs to it?"
        if key == "bias":
            text = (
                f"{place} has {given}. A bias is needless where a normalisation subtracts it again: which convolutions "
                "are followed by one?"
            )
            return "wrong_bias", text
        if key == "padding" and given == "padding 'same'" and node.kind == "conv" and node.params["strides"] != (1, 1):
            text = (
                f"{place} has {given}: with its strides there may be more zeros behind the picture than before it. How "
                "many zeros does each side get?"
            )
            return "wrong_padding", text
        if key == "padding" and node.padding == "zeros" and given == "padding 'valid'":
            text = f"{place} gets a picture without zeros around it. How many belong to each side before it?"
            return "wrong_padding", text
        if key == "padding":
            return "wrong_padding", f"{place} has {given}. Which padding keeps the size that is asked for?"
        if key == "units":
            return "wrong_units", f"{place} has {given}. How many numbers should it give?"
        if key == "shape":
            return "wrong_input_shape", f"the network takes pictures of shape {given}, not those it is asked to take."
        if key == "axis" and node.kind == "norm":
            return "bn_axis", f"{place} does not normalise the channels. Along which axis do they lie?"
        if key == "axis" and node.kind == "concat":
            text = f"{place} lays the branches side by side in the picture. Which axis counts the channels?"
            return "concat_axis", text
        return "wrong_setting", f"{place} has {given}."

    def _shrinks_elsewhere(self, place):
        """Is it another block of its stage that has strides?"""
        block = place.label.removeprefix(" on the shortcut")
        places = [(self.place[r], self.r.nodes[r]) for r in self.r_main if self.r.nodes[r].kind == "conv"]
        shrink = {p.label for p, node in places if p.part == "main path" and node.params["strides"] != (1, 1)}
        return block not in shrink and any(label.split(",")[0] == block.split(",")[0] for label in shrink)

    # What ends in a sum beside the main path.

    def _sides(self, a_merge, r_merge):
        a_sides = [side for side in self.a_sides if side.merge == a_merge]
        r_sides = [side for side in self.r_sides if side.merge == r_merge]
        place = self.place[r_merge]
        if self.r.nodes[r_merge].kind == "concat" and a_sides:
            return self._branches(a_sides, r_sides, place)
        for a_side, r_side in zip(a_sides, r_sides, strict=False):
            self._shortcut(a_side, r_side, place)
        if len(a_sides) < len(r_sides):
            self._lost(place)
        return None

    def _branches(self, a_sides, r_sides, place):
        """Compare what two concatenations join: each branch with the likest."""
        a_nodes, r_nodes = (
            [[graph.nodes[p] for p in side.positions] for side in sides]
            for graph, sides in ((self.a, a_sides), (self.r, r_sides))
        )
        pairs = _closest([[_distance(a, r) for r in r_nodes] for a in a_nodes])
        pairs = sorted(pairs, key=lambda pair: len(r_sides) if pair[1] is None else pair[1])
        counts = [f"{len(sides)} branches" for sides in (r_sides, a_sides)]
        for i, j in pairs:
            if i is None:
                missing = f"{_branch(self.r, r_sides[j])}{place.label}"
                text = f"{missing} is missing: {counts[1]} are joined. Which belong there?"
                self.add("branch_missing", replace(place, part="branch"), text, *counts)
            elif j is None:
                text = f"{place} joins {counts[1]}, one of them too many. Which belong there?"
                self.add("branch_extra", replace(place, part="branch"), text, *counts)
        both = [(a_sides[i], r_sides[j]) for i, j in pairs if i is not None and j is not None]
        for a_side, r_side in both:
            self._path(a_side.positions, r_side.positions)
        for a_side, r_side in both:
            name = f"{_branch(self.r, r_side)}{place.label}"
            self._source(a_side, r_side, replace(place, part="branch"), name)

    def _lost(self, place):
        text = (
            f"nothing that entered {place.block} reaches its addition: the main path is added to itself. "
            "What should the shortcut carry?"
        )
        part = replace(place, part="shortcut", words="the shortcut")
        self.add("shortcut_missing", part, text, "what entered the block", "the end of the main path")

    def _shortcut(self, a_side, r_side, place):
        a_kinds = [self.a.nodes[p].kind for p in a_side.positions]
        r_kinds = [self.r.nodes[p].kind for p in r_side.positions]
        shortcut = replace(place, part="shortcut", words="the shortcut")
        at_end = (
            a_side.source is not None and a_side.source == a_side.beside
        )  # a shortcut from there carries nothing new
        if at_end and not a_kinds:
            return self._lost(place)
        if at_end and not KERNELS & set(a_kinds):
            kinds = " and ".join(_kind(self.a.nodes[p]) for p in a_side.positions)
            text = (
                f"what {place.block} adds comes from the end of its main path (through {kinds}): what the shortcut "
                "held before is lost. Follow its name line by line."
            )
            expected = "projection of what entered the block" if r_kinds else "what entered the block"
            return self.add("shortcut_overwrites", shortcut, text, expected, f"{kinds} of the main path")
        alike = (KERNELS & set(r_kinds)) == (KERNELS & set(a_kinds))
        if alike or not self.preactivations:  # there a projection starts from somewhere else than an identity
            self._source(a_side, r_side, shortcut, f"the shortcut{place.label}")
        if KERNELS & set(r_kinds) and not KERNELS & set(a_kinds):
            text = f"the shortcut{place.label} has no projection. How can its shape become that of the main path?"
            return self.add("projection_missing", shortcut, text, "a 1x1 convolution on the shortcut", "none")
        if KERNELS & set(a_kinds) and not KERNELS & set(r_kinds):
            text = f"there is a convolution on the shortcut{place.label}. What should this shortcut do to its input?"
            return self.add("projection_extra", shortcut, text, "the input as it is", "a convolution of it")
        if not r_side.positions:
            for p in a_side.positions:
                kind = _kind(self.a.nodes[p])
                if self.a.nodes[p].kind == "activation":
                    self._relu_on_shortcut(shortcut, place.label, kind)
                else:
                    text = f"there is {_one(kind)} on the shortcut{place.label}, where none is expected."
                    self.add("extra_layer", shortcut, text, "the input as it is", _one(kind))
            return None
        return self._path(a_side.positions, r_side.positions, shortcut=True)

    def _relu_on_shortcut(self, place, label, kind):
        text = f"the shortcut{label} passes through {kind}, which cuts off what is below zero. What is its task?"
        self.add("relu_on_shortcut", place, text, "no activation on the shortcut", kind)

    def _source(self, a_side, r_side, place, name):
        """Does a side path leave the main path where it should?"""
        if a_side.source is None or r_side.source is None:
            return
        leaves = self.partner.get(a_side.source)
        should = self.stands_for.get(r_side.source, r_side.source)
        if leaves == should or leaves is None or should is None:
            return
        after = self.place[leaves]
        if leaves > should:
            text = (
                f"{name} skips only part of the block: it leaves after {after.words}. It should carry what entered the "
                "block. Look at where the input is saved."
            )
            code = "shortcut_too_late"
        elif should in self.preactivations and place.part == "shortcut":
            text = (
                f"{name} is a projection of what enters the block, as it comes in. The main path starts from that "
                "after a normalisation and ReLU: from where should a projection start?"
            )
            self.add("shortcut_before_preactivation", place, text, f"after {self.place[should].words}", "before it")
            return
        else:
            text = f"{name} leaves too early, after {after}. It should carry what entered this block."
            code = "shortcut_too_early"
        if place.part != "shortcut":
            code, text = "wrong_branch", f"{name} starts after {after}. Where should it start?"
        expected = self.place[should]
        wanted = "from the input of the block" if expected.part == "input" else f"after {expected}"
        self.add(code, place, text, wanted, f"after {after}")

    def _count_outputs(self):
        a, r = len(self.a.outputs), len(self.r.outputs)
        if a != r:
            words = [f"{n} {'output' if n == 1 else 'outputs'}" for n in (r, a)]
            place = _Place("network", "", "the network")
            self.add("wrong_outputs", place, f"the network has {words[1]}. How many should it have?", *words)

    def _other_outputs(self):
        a_sides, r_sides = ([s for s in sides if s.merge is None] for sides in (self.a_sides, self.r_sides))
        for a_side, r_side in zip(a_sides, r_sides, strict=False):
            self._path(a_side.positions, r_side.positions)


# Several differences that are one mistake.


def _merged_otherwise(found):
    """Branches that end in a sum, not in a concatenation, are told by that alone."""
    merges = [item for item in found if item[0].code == "wrong_merge" and item[0].expected == NAMES["concat"]]
    return merges or found


def _in_another_place(found):
    """A layer with a kernel that is missing in one place and stands in another is one mistake, not two."""
    result = list(found)
    for item in found:
        difference, place, _ = item
        for other in result if difference.code == "layer_missing" else ():
            extra = other[0]
            if extra.code == "extra_layer" and extra.got == _one(difference.expected):
                text = f"{place} does not stand where it belongs. In which order do the layers follow each other?"
                moved = replace(difference, code="wrong_order", message=text[0].upper() + text[1:])
                moved = replace(moved, expected=str(place), got=f"{extra.got} in another place")
                result = [(moved, *one[1:]) if one is item else one for one in result if one is not other]
                break
    return result


def _swapped_filters(found):
    """The right numbers of filters in another order are one mistake, not two or three."""

    def swapped(items):
        wanted, given = ([about[key] for _, _, about in items] for key in ("wanted", "given"))
        if sorted(wanted) != sorted(given):
            return None
        _, place, _ = items[0]
        text = (
            f"The numbers of filters{place.label} are the right ones, in another order. Which convolution gets which?"
        )
        return {"message": text, "expected": ", ".join(map(str, wanted)), "got": ", ".join(map(str, given))}

    return _joined(found, lambda difference, place, about: difference.code == "wrong_filters", swapped)


def _strides_everywhere(found):
    """A stride that belongs to the first convolution of a block and stands on all of them is one mistake."""

    def on_others(difference, place, about):
        return difference.code == "wrong_strides" and about["wanted"] == (1, 1) and place.part == "main path"

    def everywhere(items):
        difference, place, _ = items[0]
        text = (
            f"The convolutions of the main path{place.label} have {difference.got}, one after the other, so that the "
            "picture shrinks each time. How many of them should shrink it?"
        )
        return {"code": "strides_everywhere", "message": text}

    return _joined(found, on_others, everywhere)


def _joined(found, belongs, change):
    """Where several that belong together lie in one part of a block, the first stands for all of them, changed."""
    groups = {}
    for item in found:
        difference, place, _ = item
        if belongs(*item):
            groups.setdefault((place.label, place.part), []).append(item)
    result = list(found)
    for items in groups.values():
        changes = change(items) if len(items) > 1 else None
        if changes:
            difference, place, about = items[0]
            result[result.index(items[0])] = (replace(difference, **changes), place, about)
            result = [item for item in result if not any(item is other for other in items[1:])]
    return result


def _one(kind):
    return f"{'an' if kind[:1] in tuple('aeiouAEIOU') else 'a'} {kind}"


def _words(key, value):
    if key == "bias":
        return "a bias" if value else "no bias"
    if value is None:
        return "none"
    if key == "function":
        return FUNCTIONS.get(value, str(value).replace("_", " "))
    if key == "kernel":
        return f"a {value[0]}x{value[1]} kernel"
    if key == "strides":
        return f"strides {value[0]}" if value[0] == value[1] else f"strides {tuple(value)}"
    if key == "filters":
        return f"{value} {'filter' if value == 1 else 'filters'}"
    if key == "units":
        return f"{value} {'unit' if value == 1 else 'units'}"
    if key == "shape":
        return str(tuple(value))
    return f"{key} {value}"


def _padding(node, read=True):
    """In words; `read`: only the zeros that the window reads, which may be fewer at one side."""
    if node.padding in ("same", "valid"):
        return f"padding '{node.padding}'"
    zeros = node.params["padding"]
    if zeros == "same":
        return "zeros around the picture"
    (above, below), (left, right) = zeros
    if not read:
        above = below = left = right = max(map(max, zeros))
    if above == below == left == right:
        return f"{above} {'zero' if above == 1 else 'zeros'} at each side"
    return f"{above} rows of zeros above and {below} below, {left} columns left and {right} right"


def _most_zeros(node):
    """(how a padding is written, the most zeros at any side)."""
    zeros = node.params["padding"]
    return node.padding, zeros if zeros == "same" else max(map(max, zeros))
