"""zero_pad_shortcut (notebook 04): the shortcut without weights, which samples pixels and pads channels with zeros.

Asked for tensors, and as a step of a model; and with fewer filters than channels, which it should refuse.
"""

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import call_problem, not_reached, only, passed
from course_utils.check.result import NOT_REACHED, UNANSWERED, Finding, Step

STEPS = (
    Step("samples", 1, "keeps every s-th row and column", "It keeps every s-th row and column."),
    Step("pads", 1, "puts zeros behind the channels", "The channels of X come first, zeros behind them."),
    Step(
        "in_a_model",
        1,
        "works as a step of a model, without weights",
        "It works as a step of a model, and has no weights.",
    ),
)
PROBES = [  # shape of X, filters, s
    ([2, 6, 8, 3], 8, 2),
    ([2, 7, 5, 2], 7, 2),
    ([2, 7, 8, 3], 4, 3),
    ([1, 4, 5, 3], 5, 1),
    ([2, 4, 6, 4], 4, 2),
]
HIDDEN = [([3, 9, 10, 1], 4, 4), ([1, 1, 3, 3], 6, 2), ([2, 8, 8, 16], 64, 2)]
TOO_FEW = [2, 4, 4, 5], 3, 2


def _request(seed, hidden):
    def probe(shape, filters, s):
        return {"shape": shape, "filters": filters, "s": s, "seed": seed}

    return {
        "probes": [probe(*one) for one in PROBES + (HIDDEN if hidden else [])],
        "fewer": probe(*TOO_FEW),
        "forbidden": ["course_utils.networks.resnet:zero_pad_shortcut"],
    }


def _judge(request, evidence):
    probes = [_Probe(*both) for both in zip(request["probes"], evidence["probes"], strict=True)]
    problem = next(filter(None, (probe.problem() for probe in probes)), None)
    if problem and problem.code == UNANSWERED:
        return [problem]
    seen = [probe for probe in probes if probe.y is not None]
    if not seen:
        return only(problem, STEPS)
    sampling, channels = zip(*(probe.read() for probe in seen), strict=True)
    keeps = problem or next(filter(None, sampling), None) or passed(STEPS[0])
    pads = next((found for found in channels if found and found.code != NOT_REACHED), None)
    if any(found is None and probe.missing for probe, found in zip(seen, channels, strict=True)):
        pads = pads or passed(STEPS[1])
    pads = pads or not_reached(STEPS[1])
    if not keeps.passed and not pads.passed:
        return [keeps, pads, not_reached(STEPS[2])]
    step = next(filter(None, (probe.in_a_model() for probe in probes)), None)
    return [keeps, pads, step or passed(STEPS[2]), *_refuses(evidence["fewer"])]


class _Probe:
    """The evidence of one probe. y: what came out, an array, or None."""

    def __init__(self, asked, found):
        from course_utils.check.ask.shortcut import picture

        self.found, self.call = found, found["call"]
        shape, self.filters, self.s = asked["shape"], asked["filters"], asked["s"]
        self.x = picture(shape, asked["seed"])
        self.y = self.call.get("y")
        self.expected = self.x[:, :: self.s, :: self.s]
        self.missing = self.filters - shape[-1]
        self.asked = f"filters={self.filters} and s={self.s}"

    def problem(self):
        """The finding for a call that gave nothing to look at, or None."""
        name = self.call.get("name", "the answer")
        what = f"{name}, called with X of shape {self.x.shape}, {self.asked},"
        if self.y is not None or (found := call_problem(self.call, 1, what)):
            return None if self.y is not None else found
        hint = (
            "Does its last line return what was computed?"
            if self.call["kind"] == "none"
            else "What comes out should be a tensor, as X is."
        )
        code = "returned_none" if self.call["kind"] == "none" else "not_a_tensor"
        return _fault(code, f"{name} returns {self.call['words']}. {hint}", "a tensor", self.call["words"])

    def read(self):
        """(finding of the sampling, finding of the channels): None for what is right."""
        unknown = not_reached(STEPS[1])
        x, y, C = self.x, self.y, self.x.shape[-1]
        shapes = f"({', '.join(map(str, self.expected.shape[:3]))}, {self.filters})", str(y.shape)
        if y.ndim != 4:
            return _fault(
                "wrong_shape", f"What comes out of X of shape {x.shape} has shape {y.shape}.", *shapes
            ), unknown
        if y.shape[0] != x.shape[0]:
            text = f"Of {x.shape[0]} pictures {y.shape[0]} come out. Which axis counts the pictures?"
            return _fault("batch_changed", text, *shapes), unknown
        for code, sampled in _samplings(x, self.s):
            for first in range(y.shape[-1] - C + 1 if sampled.shape[:3] == y.shape[:3] else 0):
                if np.allclose(y[..., first : first + C], sampled):
                    rest = np.delete(y, range(first, first + C), axis=-1)
                    return self._sampling(code, shapes), self._channels(first, rest, shapes)
        if y.shape[:3] == self.expected.shape[:3]:
            text = (
                f"With {self.asked}, the numbers that come out are not those of X. A shortcut by sampling computes "
                "nothing: it only chooses rows and columns."
            )
            zeros = self.missing > 0 and y.shape[-1] == self.filters and not y[..., C:].any()
            return _fault("other_numbers", text), None if zeros else self._channels(None, None, shapes) or unknown
        if y.shape[1] > self.expected.shape[1] and y.shape[-1] == C and np.isclose(y.sum(), self.expected.sum()):
            text = (
                "The zeros stand around the picture, which has grown, and not behind its channels. Which axis is last?"
            )
            return None, _fault("zeros_around", text, *shapes)
        text = (
            f"With s={self.s}, a picture of {_size(x)} becomes one of {_size(y)}. How many rows and columns are kept "
            "when the first is one of them?"
        )
        return _fault("wrong_size", text, _size(self.expected), _size(y)), unknown

    def _sampling(self, code, shapes):
        if code == "sampled":
            return None
        message = SAMPLINGS[code].format(s=self.s, before=_size(self.x), after=_size(self.y))
        sizes = _size(self.expected), _size(self.y)
        return _fault(code, message, *(sizes if sizes[0] != sizes[1] else ()))

    def _channels(self, first, rest, shapes):
        """first: where the channels of X begin in y. rest: the other channels of y. None: they were not found."""
        C, got = self.x.shape[-1], self.y.shape[-1]
        if got == C != self.filters:
            text = f"With filters={self.filters} there are still {got} channels. What is to stand behind them?"
            return _fault("no_padding", text, *shapes)
        if got != self.filters:
            text = (
                f"With filters={self.filters} there are {got} channels, of which {C} are those of X. How many are "
                "missing?"
            )
            return _fault("wrong_channels", text, *shapes)
        if rest is None or not rest.size:
            return None
        own = [self.y[..., i] for i in range(first, first + C)]
        if rest.any() and all(any((channel == x).all() for x in own) for channel in np.moveaxis(rest, -1, 0)):
            text = "The channels added are copies of those that were there. What should they hold?"
            return _fault("channels_repeated", text, "0", "numbers of X")
        if rest.any():
            values = np.unique(rest)
            got = f"{values[0]:g}" if values.size == 1 else f"{values[0]:g} to {values[-1]:g}"
            return _fault("not_zeros", "The channels added are not zero. What should they hold?", "0", got)
        if first == 0:
            return None
        if first == self.missing:
            text = "The zeros stand in front of the channels of X. On which side do they belong?"
            return _fault("zeros_in_front", text, "the channels of X, then zeros", "zeros, then the channels of X")
        text = "Zeros stand on both sides of the channels of X. On which side do they belong?"
        return _fault("zeros_on_both_sides", text, "the channels of X, then zeros", "zeros on both sides")

    def in_a_model(self):
        """The finding of its use in a functional model, or None."""
        if self.y is None:
            return None
        step = self.found["model"]
        if step is None and self.found.get("layer"):
            text = (
                f"On a tensor {self.call['name']} works. On the output of `keras.Input`, as in a cell below, it stops: "
                "TensorFlow's own functions do not take that symbolic tensor. Those of `keras.ops` do."
            )
            return _fault("not_in_a_model", text, "a function of keras.ops", "one of TensorFlow's")
        if step is None:
            what = f"On a tensor {self.call['name']} works. As a step of a model, on the output of `keras.Input`, it"
            finding = call_problem(self.found["model_problem"], 1, what)
            return Finding("not_in_a_model", False, finding.message, points=1)
        if step["parameters"]:
            text = (
                f"There are {step['parameters']} parameters in it. This shortcut has nothing to learn: which of its "
                "steps makes weights?"
            )
            return _fault("has_weights", text, "0 parameters", f"{step['parameters']} parameters")
        if self.call["dtype"] != "float32":
            text = f"X holds float32 numbers, what comes out {self.call['dtype']}. Where do they change?"
            return _fault("wrong_dtype", text, "float32", self.call["dtype"])
        if step["y"].shape != self.y.shape or not np.allclose(step["y"], self.y):
            return _fault("model_differs", "In a model it gives other numbers than on a tensor. What differs there?")
        return None


SAMPLINGS = {
    "stride_ignored": "With s={s}, a picture of {before} becomes one of {after}. Where is s used?",
    "pooled": "With s={s}, numbers that stood beside each other are pooled into one. Sampling keeps one number as it "
    "is and leaves out the others.",
    "offset": "Every s-th row and column is kept, but not from the first one on. Which one should be the first?",
    "one_axis": "With s={s}, a picture of {before} becomes one of {after}: only one of the two sides is sampled.",
    "cropped": "With s={s}, a corner of the picture is cut out. Which rows should be left out, and which kept?",
    "rounded_down": "A picture of {before} becomes one of {after}: the last row or column is lost where the size is no "
    "multiple of s. Which rows does s={s} keep, from the first one on?",
    "relu_on_shortcut": "What is negative in X becomes zero. What is the task of a shortcut?",
}


def _samplings(x, s):
    """(code, picture) of what comes of x where it is sampled, and where something else is done."""
    _, h, w, _ = x.shape
    right = x[:, ::s, ::s]
    yield "sampled", right
    yield "stride_ignored", x
    yield "stride_ignored", x[:, ::2, ::2]
    for k in range(1, s):
        yield "offset", x[:, k::s, k::s]
    yield "one_axis", x[:, ::s]
    yield "one_axis", x[:, :, ::s]
    yield "relu_on_shortcut", np.maximum(right, 0)
    yield "rounded_down", right[:, : h // s, : w // s]
    yield "cropped", x[:, : right.shape[1], : right.shape[2]]
    for size in dict.fromkeys((s, 2, 3)):
        for padded in (True, False):
            windows = _windows(x, size, s, padded)
            if windows is not None:
                yield "pooled", np.nanmax(windows, axis=(-2, -1))
                yield "pooled", np.nanmean(windows, axis=(-2, -1))


def _windows(x, size, s, padded):
    """The windows that a pooling looks at, NaN where there is only padding: (n, h, w, channels, size, size)."""
    if padded:
        needed = [max((-(-n // s) - 1) * s + size - n, 0) for n in x.shape[1:3]]
        sides = [(n // 2, n - n // 2) for n in needed]
        x = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=np.nan)
    if min(x.shape[1:3]) < size:
        return None
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::s, ::s]


def _refuses(call):
    """The finding of the call with fewer filters than channels, worth nothing: none where it was never reached."""
    if call["outcome"] == "raised":
        return [Finding("refuses", True, "It refuses fewer filters than X has channels.")]
    text = (
        f"Asked for 3 channels of an X with 5, it says nothing and returns {call.get('words', 'something')}. An error "
        "that names both numbers would help whoever called it."
    )
    return [Finding("too_few_filters", False, text, "a ValueError", call.get("words"))]


def _size(x):
    return f"{x.shape[1]}x{x.shape[2]}"


def _fault(code, message, expected=None, got=None):
    return Finding(code, False, message, expected, got, points=1)


exercise = Exercise(
    notebook="04",
    place=3,
    title="zero_pad_shortcut",
    steps=STEPS,
    ask="shortcut",
    request=_request,
    judge=_judge,
    hints=(
        "The cells above do the same for fixed numbers. Which of these numbers depend on `s`, which on "
        "`filters` and on the channels of X?",
        "Compute first how many channels are missing, and refuse a negative number. A slice with a step takes"
        " every s-th row and column; `ops.pad` wants a pair (before, after) for each of the four axes.",
    ),
    arguments="X, filters, s",
    later=("zero_pad_shortcut(inputs, 512)",),
)
