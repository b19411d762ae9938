"""local_response_normalization (notebook 01): AlexNet's normalisation among neighbouring channels, in NumPy.

What is asked: arrays of several sizes and types, with and without settings.
"""

import numpy as np

from course_utils.check.ask.given import drawn
from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.result import Step

FORMULA, SETTINGS, ANY = "formula", "settings", "any_array"  # steps


def probes(rng, seed, hidden):
    """A list of Probe. Numbers of the size of 100 make the sum weigh as much as k, with the paper's alpha."""
    found = [
        Probe(FORMULA, {"a": _large((2, 3, 4, 9), seed)}),
        Probe(FORMULA, {"a": _large((1, 5, 1, 16), seed)}),
        Probe(SETTINGS, {"a": drawn((2, 2, 3, 8), seed), "n": 3, "k": 1.0, "alpha": 0.5, "beta": 0.5}),
        Probe(SETTINGS, {"a": drawn((1, 3, 2, 10), seed), "n": 7, "k": 0.5, "alpha": 0.2, "beta": 1.0}),
        Probe(ANY, {"a": _large((1, 2, 3, 2), seed)}),
        Probe(ANY, {"a": _large((3, 2, 2, 1), seed)}),
        Probe(ANY, {"a": _large((2, 3, 2, 7), seed, "float64")}),
        Probe(ANY, {"a": drawn((2, 2, 3, 6), seed, "uint8")}),
        Probe(ANY, {"a": drawn((0, 4, 4, 6), seed)}),
    ]
    for dtype in ("float32", "float64", "uint8") if hidden else ():
        shape = (rng.randint(1, 3), rng.randint(1, 7), rng.randint(1, 7), rng.randint(1, 11))
        settings = {"n": rng.choice([1, 3, 5, 9]), "k": rng.uniform(0.5, 3), "alpha": rng.uniform(0.01, 1)}
        settings |= {"beta": rng.uniform(0.3, 1)}
        found.append(Probe(SETTINGS if dtype == "float32" else ANY, {"a": drawn(shape, seed, dtype), **settings}))
    return found


def _large(shape, seed, dtype="float32"):
    return 100 * drawn(shape, seed, dtype)


STEPS = (
    Step(FORMULA, 1, "computes the formula", "It computes the formula."),
    Step(SETTINGS, 1, "uses n, k, alpha and beta", "It uses n, k, alpha and beta."),
    Step(ANY, 1, "takes arrays of any size and type", "It takes arrays of any size and type, and leaves them alone."),
)


def reference(a, **settings):
    from course_utils.networks.alexnet import local_response_normalization

    b = local_response_normalization(a, **settings)
    return b.astype("float32") if a.dtype.kind in "iu" else b  # of integers, either float will do


# Mistakes: each as a function of the squares (or whatever else) that the sum takes, and over which channels.


def _normalised(a, near, k=2.0, alpha=1e-4, beta=0.75, **_):
    return a / (k + alpha * near) ** beta


def _window(values, before, after):
    """The sum over the channels from i - before to i + after, as far as there are any."""
    padded = np.pad(values, ((0, 0), (0, 0), (0, 0), (before, after)))
    return sum(padded[..., shift : shift + values.shape[-1]] for shift in range(before + after + 1))


def _over(before, after):
    """A mistake of the window: its two ends as functions of n."""

    def compute(a, n=5, **settings):
        a = a.astype("float64")
        return _normalised(a, _window(a**2, before(n), after(n)), **settings)

    return compute


def _wrapped(a, n=5, **settings):
    near = sum(np.roll(a.astype("float64") ** 2, shift, axis=-1) for shift in range(-(n // 2), n // 2 + 1))
    return _normalised(a, near, **settings)


def _empty_at_the_start(a, n=5, **settings):
    squares = a.astype("float64") ** 2
    windows = [squares[..., i - n // 2 : i + n // 2 + 1].sum(axis=-1) for i in range(a.shape[-1])]
    return _normalised(a, np.stack(windows, axis=-1), **settings)


def _around_the_pixel(a, n=5, **settings):
    side = n // 2
    padded = np.pad(a.astype("float64") ** 2, ((0, 0), (side, side), (side, side), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, (n, n), axis=(1, 2)).sum(axis=(-2, -1))
    return _normalised(a, near, **settings)


def _averaged(a, n=5, **settings):
    near = _window(a.astype("float64") ** 2, n // 2, n // 2) / _window(np.ones(a.shape), n // 2, n // 2)
    return _normalised(a, near, **settings)


def _one_after_the_other(a, n=5, **settings):
    b = a.astype("float64")
    for i in range(a.shape[-1]):
        near = (b[..., max(0, i - n // 2) : i + n // 2 + 1] ** 2).sum(axis=-1)
        b[..., i] = _normalised(b[..., i], near, **settings)
    return b


def _overflown(a, n=5, **settings):
    return _normalised(a, _window(a * a, n // 2, n // 2).astype("float64"), **settings)


def _with(change):
    """A mistake of the formula: `change` of (a, near, k, alpha, beta, n)."""

    def compute(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
        a = a.astype("float64")
        return change(a, _window(a**2, n // 2, n // 2), k, alpha, beta, n)

    return compute


MISTAKES = (
    Mistake(
        "alpha_divided_by_n",
        "alpha is divided by n, as PyTorch and Caffe do it. What does the formula of the paper say?",
        _with(lambda a, near, k, alpha, beta, n: a / (k + alpha / n * near) ** beta),
    ),
    Mistake(
        "averaged",
        "The squares of the neighbours are averaged. What does the sigma in the formula say?",
        _averaged,
    ),
    Mistake(
        "window_too_wide",
        "The window reaches n channels to either side. How many channels should be in it altogether?",
        _over(lambda n: n, lambda n: n),
    ),
    Mistake(
        "window_cut_short",
        "The last channel of each window is left out. Does a slice, or a range, include its end?",
        _over(lambda n: n // 2, lambda n: n // 2 - 1),
    ),
    Mistake(
        "window_cut_short",
        "The first channel of each window is left out. With which channel does it begin?",
        _over(lambda n: n // 2 - 1, lambda n: n // 2),
    ),
    Mistake(
        "window_to_one_side",
        "The window begins at the channel itself. Which channel should stand in its middle?",
        _over(lambda n: 0, lambda n: n - 1),
    ),
    Mistake(
        "window_to_one_side",
        "The window ends at the channel itself. Which channel should stand in its middle?",
        _over(lambda n: n - 1, lambda n: 0),
    ),
    Mistake(
        "neighbours_missing",
        "Each channel is divided by something that depends on itself alone. Where do its neighbours come in?",
        _over(lambda n: 0, lambda n: 0),
    ),
    Mistake(
        "wraps_around",
        "At the first channel the window goes on with the last ones. What lies beside the first channel?",
        _wrapped,
    ),
    Mistake(
        "negative_index",
        "The first channels come out wrong. Their windows begin at a negative number: what is a slice from -2 to 3?",
        _empty_at_the_start,
    ),
    Mistake(
        "all_channels",
        "The sum goes over all channels. Which of them are neighbours?",
        lambda a, n=5, **more: _normalised(a, (a.astype("float64") ** 2).sum(axis=-1, keepdims=True), **more),
    ),
    Mistake(
        "over_places",
        "The sum goes over pixels beside each other. Along which axis do the neighbours of this formula lie?",
        _around_the_pixel,
    ),
    Mistake(
        "integers_overflow",
        "With {asked}, the squares are computed in whole numbers of eight bits. What is 200 times 200 there?",
        _overflown,
    ),
    Mistake(
        "squares_missing",
        "The neighbours are added up as they are. What does the formula do to each of them first?",
        lambda a, n=5, **more: _normalised(a, _window(a.astype("float64"), n // 2, n // 2), **more),
    ),
    Mistake(
        "squares_missing",
        "The absolute values of the neighbours are added up. What does the formula do to each of them first?",
        lambda a, n=5, **more: _normalised(a, _window(np.abs(a.astype("float64")), n // 2, n // 2), **more),
    ),
    Mistake(
        "multiplied",
        "Each number is multiplied, not divided. Which of the two makes it smaller beside loud neighbours?",
        _with(lambda a, near, k, alpha, beta, n: a * (k + alpha * near) ** beta),
    ),
    Mistake(
        "only_the_denominator",
        "What comes out is what each number should be divided by. Where is the number itself?",
        _with(lambda a, near, k, alpha, beta, n: (k + alpha * near) ** beta),
    ),
    Mistake(
        "k_missing",
        "k is not added. What would happen to a zero among zeros?",
        _with(lambda a, near, k, alpha, beta, n: a / (alpha * near) ** beta),
    ),
    Mistake(
        "beta_missing",
        "What is divided by is not taken to a power. Where does beta stand in the formula?",
        _with(lambda a, near, k, alpha, beta, n: a / (k + alpha * near)),
    ),
    Mistake(
        "power_misplaced",
        "The power is taken of the sum alone, not of k. What does the bracket of the formula hold?",
        _with(lambda a, near, k, alpha, beta, n: a / (k + (alpha * near) ** beta)),
    ),
    Mistake(
        "power_misplaced",
        "The power is taken of the sum alone, not of k and alpha. What does the bracket of the formula hold?",
        _with(lambda a, near, k, alpha, beta, n: a / (k + alpha * near**beta)),
    ),
    Mistake(
        "in_place",
        "A channel is normalised with neighbours that are normalised already. Where do the new numbers go?",
        _one_after_the_other,
    ),
    Mistake(
        "settings_ignored",
        "With {asked}, the numbers are those of the default settings. Where are the arguments used?",
        lambda a, **_: reference(a),
    ),
)


exercise = function(
    notebook="01",
    place=3,
    title="local_response_normalization",
    steps=STEPS,
    probes=probes,
    reference=reference,
    mistakes=MISTAKES,
    forbidden=["course_utils.networks.alexnet:local_response_normalization"],
    hints=(
        "Take one pixel with 4 channels and n=3, and write down for each channel which ones are in its "
        "window. What is different for the first and the last? Then work out one number by hand and compare.",
        "Turn whole numbers into floats before you square them. `np.pad` can put n // 2 channels of zeros on "
        "each side of the squares; then n slices along the last axis, each shifted by one, add up to the sums"
        " of all windows. Divide the numbers as they were, not their squares.",
    ),
    arguments="a, n, k, alpha, beta",
    later=("local_response_normalization(a)",),
)
