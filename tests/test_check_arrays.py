"""Exercises on arrays and numbers, conv1x1 and multiplications: right in many ways, each mistake with its finding."""

import json

import keras
import numpy as np
import pytest
from answers import no_word_twice
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import check
from course_utils.check.ask.array import MAX_NUMBERS, ask
from course_utils.check.judge.arrays import Probe, function, words
from course_utils.check.result import Step
from course_utils.networks import inception

RIGHT, WRONG = {}, {}


def right(exercise):
    return lambda function: RIGHT.setdefault((exercise, function.__name__), function)


def wrong(exercise, points, *codes):
    """codes: of the findings that are no praise, in order; those not reached are left out."""

    def remember(function):
        WRONG[exercise, function.__name__] = (function, points, list(codes))
        return function

    return remember


def faults(result):
    return [finding.code for finding in result.findings if not finding.passed and finding.code != "not_reached"]


# conv1x1, right.


@right("conv1x1")
def matmul(a, W, b):
    return a @ W + b


@right("conv1x1")
def tensordot(a, W, b):
    return np.tensordot(a, W, axes=([3], [0])) + b[None, None, None, :]


@right("conv1x1")
def rows_of_pixels(inputs, weights, bias):
    m, h, w, c_in = inputs.shape
    return (np.dot(inputs.reshape(m * h * w, c_in), weights) + bias).reshape(m, h, w, -1 if m else weights.shape[1])


@right("conv1x1")
def pixel_by_pixel(a, W, b):
    if a.shape[3] != W.shape[0]:
        raise ValueError("channels do not fit")
    y = np.zeros((*a.shape[:3], W.shape[1]))
    for i, j, k in np.ndindex(a.shape[:3]):
        for c in range(W.shape[1]):
            y[i, j, k, c] = np.sum(a[i, j, k] * W[:, c]) + b[c]
    return y


@right("conv1x1")
def a_tensor(a, W, b, training=None):
    return keras.ops.matmul(keras.ops.convert_to_tensor(a if a.dtype.kind == "f" else a.astype(W.dtype)), W) + b


def einsum(a, W, b):
    return np.einsum("mhwc,cd->mhwd", a, W) + b


def test_a_silent_broadcast_costs_no_point_and_gets_a_word():
    result = check.conv1x1(einsum)
    assert result.points == 2
    assert faults(result) == ["not_refused"]
    assert "(2, 3, 3, 1)" in result.findings[2].message


# conv1x1, wrong.


@wrong("conv1x1", 0, "bias_missing")
def no_bias(a, W, b):
    return a @ W


@wrong("conv1x1", 0, "relu_added")
def with_relu(a, W, b):
    return np.maximum(a @ W + b, 0)


@wrong("conv1x1", 0, "weights_transposed")
def transposed_where_it_can_be(a, W, b):
    return a @ (W.T if W.shape[0] == W.shape[1] else W) + b


@wrong("conv1x1", 0, "channels_summed")
def one_number_a_pixel(a, W, b):
    return np.sum(a @ W + b, axis=-1)


@wrong("conv1x1", 0, "averaged")
def mean_of_the_products(a, W, b):
    return a @ W / W.shape[0] + b


@wrong("conv1x1", 0, "first_picture_only")
def first_picture(a, W, b):
    return a[0] @ W + b


@wrong("conv1x1", 0, "first_picture_only")
def loop_that_ends_early(a, W, b):
    y = np.zeros((*a.shape[:3], W.shape[1]))
    for i in range(a.shape[0]):
        y[i] = a[i] @ W + b
        break
    return y


@wrong("conv1x1", 0, "pixels_summed")
def pixels_summed(a, W, b):
    return a.sum(axis=(1, 2)) @ W + b


@wrong("conv1x1", 1, "wrong_dtype")
def in_the_type_of_the_picture(a, W, b):
    y = np.zeros((*a.shape[:3], W.shape[1]), dtype=a.dtype)
    y[:] = a @ W + b
    return y


@wrong("conv1x1", 1, "precision_lost")
def all_in_float32(a, W, b):
    return np.float32(a) @ np.float32(W) + np.float32(b)


@wrong("conv1x1", 1, "exception")
def no_empty_batch(a, W, b):
    return np.stack([picture @ W + b for picture in a])


@wrong("conv1x1", 0, "changes_arguments")
def in_place(a, W, b):
    W *= 2
    return a @ (W / 2) + b


@wrong("conv1x1", 0, "wrong_shape")
def channels_first(a, W, b):
    return np.moveaxis(a @ W + b, 3, 1)


@wrong("conv1x1", 0, "nan")
def divided_by_nothing(a, W, b):
    return (a @ W + b) / (a[..., :1] * 0)


@wrong("conv1x1", 0, "other_numbers")
def another_function(a, W, b):
    return np.abs(a) @ W + b


@wrong("conv1x1", 0, "returned_none")
def nothing(a, W, b):
    a @ W + b


@wrong("conv1x1", 0, "not_an_array")
def a_list(a, W, b):
    return (a @ W + b).tolist()


@wrong("conv1x1", 0, "borrowed")
def the_courses_own(a, W, b):
    return inception.conv1x1(a, W, b)


# multiplications.


@right("multiplications")
def with_error(h, w, c_in, f, c_out):
    if not all(isinstance(n, int) and n > 0 for n in (h, w, c_in, f, c_out)):
        raise ValueError("no convolution has such a size")
    return h * w * c_out * f * f * c_in


@right("multiplications")
def in_another_order(h, w, c_in, f, c_out, verbose=False):
    numbers = [c_out, h, w, c_in, f, f]
    if min(numbers) < 1 or any(n != int(n) for n in numbers):
        raise ValueError
    return int(np.prod(numbers))


@right("multiplications")
def a_numpy_integer(height, width, channels, kernel, filters):
    if not all(float(n).is_integer() and n > 0 for n in (height, width, channels, kernel, filters)):
        raise ValueError("positive integers only")
    return np.int64(height) * width * channels * kernel**2 * filters


@right("multiplications")
def filter_by_filter(h, w, c_in, f, c_out):
    if min(h, w, c_in, f, c_out) <= 0:
        raise ValueError("nothing to convolve")
    return sum(h * w * f * f * c_in for _ in range(c_out)) if f == int(f) else _refuse()


def _refuse():
    raise ValueError("a kernel has whole sizes")


@right("multiplications")
def step_by_step(h, w, c_in, f, c_out):
    for n in (h, w, c_in, f, c_out):
        if type(n) is not int or n <= 0:
            raise ValueError(f"{n} is no size")
    of_one_filter = f * f * c_in
    places = h * w
    return places * of_one_filter * c_out


@wrong("multiplications", 0, "input_channels_missing")
def one_channel(h, w, c_in, f, c_out):
    return h * w * f * f * c_out


@wrong("multiplications", 0, "filters_missing")
def one_filter(h, w, c_in, f, c_out):
    return h * w * f * f * c_in


@wrong("multiplications", 0, "kernel_not_squared")
def one_row_of_the_kernel(h, w, c_in, f, c_out):
    return h * w * f * c_in * c_out


@wrong("multiplications", 0, "valid_padding")
def valid(h, w, c_in, f, c_out):
    return max(h - f + 1, 0) * max(w - f + 1, 0) * f * f * c_in * c_out


@wrong("multiplications", 0, "parameters_counted")
def parameters(h, w, c_in, f, c_out):
    return (f * f * c_in + 1) * c_out


@wrong("multiplications", 0, "bias_counted")
def with_bias(h, w, c_in, f, c_out):
    return h * w * (f * f * c_in + 1) * c_out


@wrong("multiplications", 0, "additions_counted")
def with_additions(h, w, c_in, f, c_out):
    return 2 * h * w * f * f * c_in * c_out


@wrong("multiplications", 0, "picture_taken_square")
def square(h, w, c_in, f, c_out):
    return h**2 * f**2 * c_in * c_out


@wrong("multiplications", 0, "wrong_dtype")
def a_float(h, w, c_in, f, c_out):
    return h * w * f**2.0 * c_in * c_out


@wrong("multiplications", 0, "returned_none")
def printed(h, w, c_in, f, c_out):
    print(h * w * f * f * c_in * c_out)


@wrong("multiplications", 0, "not_a_number")
def a_text(h, w, c_in, f, c_out):
    return f"{h * w * f * f * c_in * c_out:,}"


@wrong("multiplications", 0, "other_numbers")
def added(h, w, c_in, f, c_out):
    return h * w + f * f * c_in * c_out


@wrong("multiplications", 1, "not_refused")
def without_error(h, w, c_in, f, c_out):
    return h * w * c_in * f * f * c_out


@wrong("multiplications", 1, "wrong_error")
def assertion(h, w, c_in, f, c_out):
    assert min(h, w, c_in, f, c_out) > 0
    assert f == int(f)
    return h * w * c_in * f * f * c_out


@pytest.mark.parametrize("case", RIGHT, ids="-".join)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), hidden=st.booleans())
def test_right_answers_keep_every_point(case, seed, hidden):
    result = check.run(case[0], RIGHT[case], hidden=hidden, seed=seed)
    assert faults(result) == []
    assert (result.points, result.status) == (check.EXERCISES[case[0]].points, "ok")


@pytest.mark.parametrize("case", WRONG, ids="-".join)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), hidden=st.booleans())
def test_each_mistake_gets_its_finding(case, seed, hidden):
    answer, points, codes = WRONG[case]
    result = check.run(case[0], answer, hidden=hidden, seed=seed)
    no_word_twice(result)
    assert faults(result) == codes
    assert result.points == points
    assert sum(finding.points for finding in result.findings) == check.EXERCISES[case[0]].points
    told = [finding for finding in result.findings if finding.mark == "to do"]
    assert all(0 < len(finding.message) < 400 for finding in told)


@pytest.mark.parametrize("exercise", ["conv1x1", "multiplications"])
def test_a_stub_is_one_finding(exercise):
    def answer(*arguments):
        raise check.NotAnswered()

    result = check.run(exercise, answer)
    assert (result.status, len(result.findings)) == ("unanswered", 1)


def test_the_worked_example_of_the_notebook_is_among_the_probes():
    result = check.multiplications(lambda h, w, c_in, f, c_out: 1)
    assert (result.findings[0].expected, result.findings[0].got) == ("120,422,400", "1")


# The shared pieces.

STEPS = (Step("doubles", 1, "doubles", "It doubles."),)


def ask_double(answer, *arrays):
    def probes(rng, seed, hidden):
        return [Probe("doubles", {"x": array}) for array in arrays]

    about = {"hints": ("", ""), "arguments": "x"}
    exercise = function("00", 1, "double", STEPS, probes, lambda x: 2 * x, **about)
    request = exercise.request(0, False)
    evidence = ask(answer, request)
    return evidence, exercise.judge(request, evidence)


def test_evidence_is_plain_data_and_arguments_stay_with_the_judge():
    evidence, findings = ask_double(lambda x: x + x, np.arange(3.0))
    (probe,) = evidence["probes"]
    assert type(probe.pop("y")) is np.ndarray
    assert json.loads(json.dumps(evidence)) == evidence
    assert findings[0].passed


def test_a_huge_result_is_kept_by_its_shape_alone():
    evidence, findings = ask_double(lambda x: np.zeros((MAX_NUMBERS + 1,), "int8"), np.ones(3))
    assert evidence["probes"][0]["y"] is None
    assert (findings[0].code, findings[0].got) == ("wrong_shape", f"({MAX_NUMBERS + 1},)")


def test_a_view_that_is_written_to_later_is_kept_as_it_was():
    buffer = np.zeros(2)

    def doubled_into_one_buffer(x):
        buffer[:] = 2 * x
        return buffer

    _, findings = ask_double(doubled_into_one_buffer, np.ones(2), np.full(2, 5.0))
    assert findings[0].passed


def test_an_array_that_refuses_to_be_one():
    class Hostile(np.ndarray):
        def __array_finalize__(self, other):
            raise RuntimeError("no")

        @property
        def shape(self):
            raise SystemExit

    def answer(x):
        return np.array([{"not": "a number"}], dtype=object)

    assert ask_double(answer, np.ones(2))[1][0].code == "not_an_array"
    assert ask_double(lambda x: x.view(Hostile), np.ones(2))[1][0].code == "exception"


def test_complex_numbers_are_not_taken_for_real_ones():
    assert ask_double(lambda x: 2 * x + 0j, np.ones(2))[1][0].code == "other_numbers"


def test_arguments_in_words():
    arguments = {"a": np.zeros((2, 3), "float32"), "W": np.zeros(4, "uint8"), "n": 5}
    assert words(arguments) == "a of shape (2, 3), W of shape (4,) and type uint8 and n=5"
    assert words({"n": 5}) == "n=5"
