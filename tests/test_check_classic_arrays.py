"""conv_output_size and local_response_normalization: right answers keep every point, each mistake has its finding."""

import math

import numpy as np
import pytest
from answers import no_word_twice

from course_utils import check
from course_utils.networks import alexnet

RIGHT, WRONG = {}, {}


def right(exercise):
    def keep(answer):
        RIGHT[answer.__name__] = exercise, answer
        return answer

    return keep


def wrong(exercise, code, points=0):
    def keep(answer):
        WRONG[answer.__name__] = exercise, answer, code, points
        return answer

    return keep


# conv_output_size.

SIZE = "conv_output_size"


@right(SIZE)
def size(n, f, p=0, s=1):
    if s < 1 or p < 0 or f > n + 2 * p:
        raise ValueError("no place for this filter")
    return (n + 2 * p - f) // s + 1


@right(SIZE)
def size_by_floor(n, f, p=0, s=1):
    if s <= 0:
        raise ValueError(f"stride {s}")
    if p < 0:
        raise ValueError(f"padding {p}")
    result = math.floor((n + 2 * p - f) / s) + 1
    if f > n + 2 * p:
        raise ValueError(f"filter {f}")
    return result


@right(SIZE)
def size_by_walking(n, f, p=0, s=1, *, trace=False):
    if min(s, p + 1) < 1 or f > n + 2 * p:
        raise ValueError
    return len(range(0, n + 2 * p - f + 1, s))


@right(SIZE)
def size_of_numpy(n, f, p=0, s=1):
    """A NumPy integer; an error of a class derived by name is still a ValueError."""
    size(n, f, p, s)
    return np.int64((n + 2 * p - f) // s + 1)


@right(SIZE)
def size_by_name(**sizes):
    return size(**sizes)


@right(SIZE)
def size_with_other_names(width, kernel, p=0, s=1):
    return size(width, kernel, p, s)


@wrong(SIZE, "plus_one_missing")
def size_without_plus_one(n, f, p=0, s=1):
    return size(n, f, p, s) - 1


@wrong(SIZE, "rounded_up")
def size_rounded_up(n, f, p=0, s=1):
    return size(n, f, p, s) and math.ceil((n + 2 * p - f) / s) + 1


@wrong(SIZE, "rounded_up")
def size_rounded(n, f, p=0, s=1):
    return size(n, f, p, s) and round((n + 2 * p - f) / s) + 1


@wrong(SIZE, "not_rounded")
def size_as_a_fraction(n, f, p=0, s=1):
    return size(n, f, p, s) and (n + 2 * p - f) / s + 1


@wrong(SIZE, "wrong_dtype")
def size_as_a_float(n, f, p=0, s=1):
    return float(size(n, f, p, s))


@wrong(SIZE, "padding_once")
def size_padded_once(n, f, p=0, s=1):
    return size(n, f, p, s) and (n + p - f) // s + 1


@wrong(SIZE, "padding_ignored")
def size_without_padding(n, f, p=0, s=1):
    return size(n, f, p, s) and (n - f) // s + 1


@wrong(SIZE, "stride_ignored")
def size_without_stride(n, f, p=0, s=1):
    return size(n, f, p, s) and n + 2 * p - f + 1


@wrong(SIZE, "plus_one_too_early")
def size_plus_one_inside(n, f, p=0, s=1):
    return size(n, f, p, s) and (n + 2 * p - f + 1) // s


@wrong(SIZE, "stride_divides_the_picture")
def size_strided_first(n, f, p=0, s=1):
    return size(n, f, p, s) and (n + 2 * p) // s - f + 1


@wrong(SIZE, "padding_taken_away")
def size_padded_inwards(n, f, p=0, s=1):
    return size(n, f, p, s) and (n - 2 * p - f) // s + 1


@wrong(SIZE, "same_size")
def size_of_same(n, f, p=0, s=1):
    return size(n, f, p, s) and -(-n // s)


@wrong(SIZE, "not_refused")
def size_with_any_filter(n, f, p=0, s=1):
    return size(n, f, p, s) if f <= n + 2 * p else 0


@wrong(SIZE, "not_refused")
def size_with_negative_padding(n, f, p=0, s=1):
    return size(n, f, abs(p), s)


@wrong(SIZE, "not_refused")
def size_with_negative_stride(n, f, p=0, s=1):
    return size(n, f, p, abs(s))


@wrong(SIZE, "wrong_error")
def size_divided_by_zero(n, f, p=0, s=1):
    return size(n, f, p, s) if s else n // s


@wrong(SIZE, "other_numbers")
def size_of_another_planet(n, f, p=0, s=1):
    return size(n, f, p, s) + 7


@wrong(SIZE, "exception")
def size_that_stops(n, f, p=0, s=1):
    return size(n, f, p, s) if n < 200 else undefined  # noqa: F821


@wrong(SIZE, "returned_none")
def size_printed(n, f, p=0, s=1):
    print(size(n, f, p, s))


@wrong(SIZE, "not_a_number")
def size_as_words(n, f, p=0, s=1):
    return str(size(n, f, p, s))


@wrong(SIZE, "wrong_shape")
def size_of_both_sides(n, f, p=0, s=1):
    return np.array([size(n, f, p, s)] * 2)


@wrong(SIZE, "arguments")
def size_that_asks_for_more(n, f, p, s, dilation):
    return size(n, f, p, s)


@wrong(SIZE, "unanswered")
def size_stub(n, f, p=0, s=1):
    raise check.NotAnswered()


# local_response_normalization.

LRN = "local_response_normalization"


@right(LRN)
def by_channel(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    a = np.asarray(a, float)
    b = np.zeros_like(a)
    channels = a.shape[-1]
    for i in range(channels):
        near = a[..., max(0, i - n // 2) : min(channels - 1, i + n // 2) + 1]
        b[..., i] = a[..., i] / (k + alpha * np.sum(near**2, axis=-1)) ** beta
    return b


@right(LRN)
def by_number(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    b = np.empty(a.shape)
    for m, h, w, i in np.ndindex(a.shape):
        near = a[m, h, w, max(0, i - n // 2) : i + n // 2 + 1].astype(float)
        b[m, h, w, i] = a[m, h, w, i] / (k + alpha * (near**2).sum()) ** beta
    return b


@right(LRN)
def by_running_sum(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    total = np.cumsum(np.pad(a.astype("float64") ** 2, ((0, 0), (0, 0), (0, 0), (n // 2 + 1, n // 2))), axis=-1)
    return a / (k + alpha * (total[..., n:] - total[..., :-n])) ** beta


@right(LRN)
def by_matrix(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    places = np.arange(a.shape[-1])
    near = (abs(places[:, None] - places) <= n // 2).astype(float)
    return a * (k + alpha * a.astype(float) ** 2 @ near) ** -beta


@right(LRN)
def by_windows_in_the_type_of_a(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    kind = a.dtype if np.issubdtype(a.dtype, np.floating) else "float32"
    padded = np.pad(a.astype(kind) ** 2, [(0, 0)] * 3 + [(n // 2, n // 2)])
    near = np.lib.stride_tricks.sliding_window_view(padded, n, axis=-1).sum(-1)
    return (a / (k + alpha * near) ** beta).astype(kind)


def window(a, before, after):
    padded = np.pad(a, ((0, 0), (0, 0), (0, 0), (before, after)))
    return sum(padded[..., shift : shift + a.shape[-1]] for shift in range(before + after + 1))


@wrong(LRN, "alpha_divided_by_n")
def as_in_pytorch(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha / n, beta)


@wrong(LRN, "averaged")
def mean_for_sum(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    a = a.astype(float)
    b = np.zeros_like(a)
    for i in range(a.shape[-1]):
        near = a[..., max(0, i - n // 2) : i + n // 2 + 1]
        b[..., i] = a[..., i] / (k + alpha * np.mean(near**2, axis=-1)) ** beta
    return b


@wrong(LRN, "window_too_wide")
def n_as_radius(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, 2 * n, k, alpha, beta)


@wrong(LRN, "window_cut_short")
def end_of_the_slice_forgotten(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    a = a.astype(float)
    b = np.zeros_like(a)
    for i in range(a.shape[-1]):
        near = a[..., max(0, i - n // 2) : i + n // 2]
        b[..., i] = a[..., i] / (k + alpha * (near**2).sum(-1)) ** beta
    return b


@wrong(LRN, "window_to_one_side")
def window_ahead(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return a / (k + alpha * window(a.astype(float) ** 2, 0, n - 1)) ** beta


@wrong(LRN, "neighbours_missing")
def own_square_only(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, 1, k, alpha, beta)


@wrong(LRN, "wraps_around")
def rolled(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    near = sum(np.roll(a.astype(float) ** 2, shift, axis=-1) for shift in range(-(n // 2), n // 2 + 1))
    return a / (k + alpha * near) ** beta


@wrong(LRN, "negative_index")
def slices_from_below_zero(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    b = a.astype(float)
    for i in range(a.shape[-1]):
        near = a[..., i - n // 2 : i + n // 2 + 1].astype(float)
        b[..., i] = a[..., i] / (k + alpha * (near**2).sum(-1)) ** beta
    return b


@wrong(LRN, "all_channels")
def over_all_channels(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return a / (k + alpha * (a.astype(float) ** 2).sum(-1, keepdims=True)) ** beta


@wrong(LRN, "over_places")
def around_the_pixel(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    side = n // 2
    squares = np.pad(a.astype(float) ** 2, ((0, 0), (side, side), (side, side), (0, 0)))
    rows, columns = a.shape[1:3]
    near = sum(squares[:, i : i + rows, j : j + columns] for i in range(n) for j in range(n))
    return a / (k + alpha * near) ** beta


@wrong(LRN, "squares_missing")
def not_squared(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return a / (k + alpha * window(a.astype(float), n // 2, n // 2)) ** beta


@wrong(LRN, "squares_missing")
def absolute(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return a / (k + alpha * window(abs(a.astype(float)), n // 2, n // 2)) ** beta


@wrong(LRN, "multiplied")
def multiplied(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha, -beta)


@wrong(LRN, "only_the_denominator")
def denominator(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return (k + alpha * window(a.astype(float) ** 2, n // 2, n // 2)) ** beta


@wrong(LRN, "k_missing")
def without_k(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, 0, alpha, beta)


@wrong(LRN, "beta_missing")
def without_power(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha, 1)


@wrong(LRN, "power_misplaced")
def power_of_the_sum(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return a / (k + (alpha * window(a.astype(float) ** 2, n // 2, n // 2)) ** beta)


@wrong(LRN, "in_place")
def into_itself(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    b = a.astype(float)
    for i in range(a.shape[-1]):
        near = (b[..., max(0, i - n // 2) : i + n // 2 + 1] ** 2).sum(-1)
        b[..., i] /= (k + alpha * near) ** beta
    return b


@wrong(LRN, "settings_ignored", 2)
def constants_of_the_paper(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a)


@wrong(LRN, "integers_overflow", 2)
def bytes_squared(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    near = sum(np.pad(a**2, ((0, 0), (0, 0), (0, 0), (n // 2,) * 2))[..., i : i + a.shape[-1]] for i in range(n))
    return a / (k + alpha * near) ** beta


@wrong(LRN, "wrong_dtype", 2)
def into_the_type_of_a(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha, beta).astype(a.dtype)


@wrong(LRN, "precision_lost", 2)
def always_float32(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha, beta).astype("float32")


@wrong(LRN, "exception", 2)
def needs_n_channels(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    if a.shape[-1] < n:
        raise IndexError("too few channels")
    return by_channel(a, n, k, alpha, beta)


@wrong(LRN, "exception", 2)
def needs_a_picture(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return np.stack([by_channel(picture[None], n, k, alpha, beta)[0] for picture in a])


@wrong(LRN, "changes_arguments")
def overwrites_its_argument(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    b = by_channel(a, n, k, alpha, beta)
    a *= 0
    return b


@wrong(LRN, "wrong_shape")
def first_picture(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha, beta)[:1, :1]


@wrong(LRN, "returned_none")
def nothing(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    by_channel(a, n, k, alpha, beta)


@wrong(LRN, "not_an_array")
def a_list(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return by_channel(a, n, k, alpha, beta).tolist()


@wrong(LRN, "borrowed")
def handed_on(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return alexnet.local_response_normalization(a, n, k, alpha, beta)


@wrong(LRN, "unanswered")
def stub(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    raise check.NotAnswered()


ADVISED = {"size_by_name": ["later_call"], "size_with_other_names": ["later_call"]}  # others are not


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_keep_every_point(name, capsys):
    exercise, answer = RIGHT[name]
    for seed in range(5):
        result = check.run(exercise, answer, hidden=True, seed=seed)
        assert result.points == result.max_points, result
        assert [one.code for one in result.findings if not one.passed] == ADVISED.get(name, []), result
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_finding(name):
    exercise, answer, code, points = WRONG[name]
    result = check.run(exercise, answer)
    no_word_twice(result)
    assert next(finding.code for finding in result.findings if finding.mark == "to do") == code, result
    assert result.points == points, result
    for finding in result.findings:
        assert "\n" not in finding.message
        assert len(finding.message) < 400


@pytest.mark.parametrize("seed", range(4))
def test_hidden_probes_do_not_change_what_is_found(seed):
    for exercise, answer, code, _ in WRONG.values():
        found = [finding.code for finding in check.run(exercise, answer, hidden=True, seed=seed).findings]
        assert code in found


def test_the_students_own_line_is_shown():
    message = check.conv_output_size(size_that_stops).findings[0].message
    assert "n=227, f=11, p=0 and s=4" in message
    assert "NameError" in message
    assert "`return size(n, f, p, s) if n < 200 else undefined" in message
