"""pca_color_augmentation (notebook 08): colours shifted along the principal components, as AlexNet was trained with.

What is asked: many small pictures, in which each colour says something of the others.
"""

import numpy as np

from course_utils.check.ask.given import generator
from course_utils.check.judge.arrays import Probe
from course_utils.check.judge.draws import drawing, shifts
from course_utils.check.result import Finding, Step

SHIFTS, REFUSES = "shifts", "refuses"  # of the first, two steps are made


def probes(rng, seed, hidden):
    """A list of Probe, the first three with the same pictures: see `judge.draws.drawing`."""
    first, *more = [
        ((800, 2, 3, 3), "float64", 0.03),
        ((800, 2, 2, 3), "float32", None),
        ((30, 6, 5, 3), "uint8", 100.0),
    ]
    more.append(((1, 5, 4, 3), "float32", 0.5))
    if hidden:
        more.append(((800, 2, 2, 3), rng.choice(["float32", "float64"]), rng.uniform(0.05, 0.3)))
    found = [_probe(*first, seed, number) for number in (seed, seed, seed + 1)]
    found += [_probe(*one, seed, seed) for one in more]
    dark = pictures((4, 3, 3, 3), "float64", seed) / 255
    return [*found, Probe(REFUSES, {"images": dark.astype("float32"), "rng": generator(seed)})]


def _probe(shape, dtype, sigma, seed, number):
    asked = {"images": pictures(shape, dtype, seed), "rng": generator(number)}
    return Probe(SHIFTS, asked | ({} if sigma is None else {"sigma": sigma}))


def pictures(shape, dtype, seed):
    """Pictures in 50..205 whose colours lie in a flat cloud, as those of photographs, turned by the seed."""
    rng = np.random.default_rng([seed, *shape])
    turned, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    colours = np.clip(rng.standard_normal(shape), -2, 2) * [21, 11, 6] @ turned.T + 127
    return np.round(colours).astype(dtype) if dtype == "uint8" else colours.astype(dtype)


STEPS = (
    Step("shifts", 1, "shifts the colour of each picture", "All pixels of a picture are shifted alike, and clipped."),
    Step("components", 1, "shifts along the components", "The shifts lie along the components, and are as large."),
    Step(
        REFUSES, 0, "refuses pictures in 0..1", "It refuses pictures in 0..1, which are not in the range it works in."
    ),
)
ENOUGH = 300  # pictures whose shifts tell a covariance


def _faults(images, rng, y, sigma=0.1):
    """The findings for what is wrong with the kind of the shifts, and with their covariance."""
    found, problem = shifts(images, y)
    problem = problem or _kind(found)
    if problem:
        return problem, problem
    if len(found) < ENOUGH:
        return None, None
    if np.mean((y == 0) | (y == 255)) > 0.2:
        return None, Finding("clipped", False, TOLD["clipped"].format(sigma=sigma))
    return None, _covariance(found, images, sigma)


def _kind(found):
    """found: shifts (n, 3)."""
    if len(found) < 2:
        return None
    if not found.any():
        return Finding("not_shifted", False, "The pictures come out as they went in. What becomes of the shift?")
    if np.allclose(found, found[0], atol=1e-6 * np.abs(found).max()):
        text = "Every picture is shifted by the same colour. How often are a1, a2 and a3 drawn?"
        return Finding("one_shift_a_batch", False, text)
    return None


def _covariance(found, images, sigma):
    """The finding for shifts (n, 3) that are not normal with the covariance asked for, or None."""
    right = mixture(images, sigma)
    if not _fits(found, right):
        singular = np.linalg.svd(found, compute_uv=False)
        if singular[1] < 1e-4 * singular[0]:
            text = "Each picture is shifted along one and the same line. How many numbers are drawn for a picture?"
            return Finding("one_number_a_picture", False, text, "a1, a2 and a3", "one number")
        code = next((code for code, B in _mistakes(images, sigma) if _fits(found, B)), "other_shifts")
        return Finding(code, False, f"{TOLD[code].format(sigma=sigma)}", *_spread(found, right))
    a = np.linalg.solve(right, found.T)
    if (np.abs(a) > 2).mean() < 0.02:  # of normal numbers 4.6 %
        text = "a1, a2 and a3 have the right standard deviation, but never lie far from zero. Are they normal?"
        return Finding("not_normal", False, text, "normal numbers", "others")
    return None


def components(images):
    """(eigenvalues, eigenvectors as columns) of the covariance of all pixels, in 0..1."""
    return np.linalg.eigh(np.cov(np.float64(images).reshape(-1, 3).T / 255, bias=True))


def mixture(images, sigma):
    """The matrix B of the right shifts: in 0..255, a shift is B z, where z are three normal numbers."""
    L, P = components(images)
    return 255 * sigma * P * L


def _mistakes(images, sigma):
    """(code, B) of mistakes; B as of `mixture`, or one for each picture."""
    pixels = np.float64(images).reshape(-1, 3) / 255
    (L, P), right = components(images), mixture(images, sigma)
    around_zero = np.linalg.eigh(pixels.T @ pixels / len(pixels))
    found = [
        ("range_of_255", 255 * right),
        ("left_in_0_to_1", right / 255),
        ("rows_for_columns", 255 * sigma * P.T * L),
        ("square_root", 255 * sigma * P * np.sqrt(L)),
        ("eigenvalues_missing", 255 * sigma * P),
        ("eigenvalues_missing", sigma * P),
        ("eigenvalues_squared", 255 * sigma * P * L**2),
        ("order", 255 * sigma * P * L[::-1]),
        ("not_centred", 255 * sigma * around_zero[1] * around_zero[0]),
        ("sigma_as_variance", right / np.sqrt(sigma)),
        ("sigma_squared", right * sigma),
        ("sigma_ignored", right * 0.1 / sigma),
        ("sigma_missing", right / sigma),
    ]
    for bias in (True, False):  # which shows where a picture has few pixels
        own = np.stack([np.cov(picture.reshape(-1, 3).T / 255, bias=bias) for picture in np.float64(images)])
        lengths, axes = np.linalg.eigh(own)
        found.append(("own_components", 255 * sigma * axes * np.maximum(lengths, 1e-12)[:, None]))
    return found


TOLD = {
    "range_of_255": "With sigma={sigma}, the shifts are 255 times as large as they should be: eigenvalues are squares. "
    "In which range are the pixels whose covariance is taken?",
    "left_in_0_to_1": "With sigma={sigma}, the shifts are 255 times as small as they should be. In which range is the "
    "shift, and in which the pixel that it is added to?",
    "rows_for_columns": "The shifts are as large as they should be, but lie in other directions. Are the eigenvectors "
    "the rows or the columns of the matrix?",
    "square_root": "The shifts are weighted by the standard deviations along the components. What does l stand for in "
    "the formula?",
    "eigenvalues_missing": "The shifts are equally large along all three components. What is each a multiplied by?",
    "eigenvalues_squared": "The eigenvalues are squared. Is what the decomposition gives a variance, or its root?",
    "order": "The largest eigenvalue is multiplied with another vector than its own. In which order do both come?",
    "not_centred": "The components are those of pixels around black, not around their mean. What does a covariance "
    "subtract first?",
    "sigma_as_variance": "With sigma={sigma}, the shifts vary too much: sigma is taken for a variance. What does "
    "rng.normal call `scale`?",
    "sigma_squared": "With sigma={sigma}, the shifts vary too little. How often does sigma enter?",
    "sigma_ignored": "With sigma={sigma}, the shifts are those of sigma=0.1. Where is the argument used?",
    "sigma_missing": "With sigma={sigma}, the shifts are those of sigma=1. Where is the argument used?",
    "own_components": "Each picture is shifted along the components of its own pixels. Of which pixels is the "
    "covariance to be taken?",
    "clipped": "With sigma={sigma}, most pictures lose a colour, or are nothing else: the shifts are far too large. "
    "How large are the eigenvalues, and in which range are the pixels?",
    "other_shifts": "With sigma={sigma}, the shifts have not the covariance that the formula gives them. Can you "
    "follow [p1 p2 p3][a1 l1, a2 l2, a3 l3]^T by hand for one picture?",
}


def _fits(found, B):
    """Are shifts (n, 3) those of independent numbers, of mean 0 and variance 1, under B (3, 3) or (n, 3, 3)?

    Wrong about once in a million.
    """
    z = np.linalg.solve(B, found[..., None])[..., 0] if B.ndim == 3 else np.linalg.solve(B, found.T).T
    mean, spread = z.mean(axis=0), z.T @ z / len(z)
    return bool(np.abs(mean).max() < 0.25 and np.abs(spread - np.eye(3)).max() < 0.3)


def _spread(found, right):
    """The standard deviations of the three colours, as they should be and as they are."""
    expected, got = np.sqrt((right**2).sum(axis=1)), found.std(axis=0)
    return tuple(f"standard deviations of {', '.join(f'{s:.2g}' for s in one)}" for one in (expected, got))


exercise = drawing(
    notebook="08",
    place=4,
    title="pca_color_augmentation",
    steps=STEPS,
    probes=probes,
    faults=lambda arguments, y: _faults(**arguments, y=y),
    hints=(
        "Follow the formula for one picture: which three numbers are drawn, what are they multiplied by, and "
        "which three numbers come out? Write beside each step whether it is in 0..1 or in 0..255.",
        "Make a table of all pixels with three columns, in 0..1, and give it to `np.cov` with `rowvar=False` "
        "and then to `np.linalg.eigh`. Draw three numbers for each picture, multiply them by the eigenvalues,"
        " then by the matrix in the direction that has the eigenvectors as columns. Scale, add, clip, and "
        "restore the type.",
    ),
    arguments="images, rng, sigma",
    later=("pca_color_augmentation(images[::5], rng, sigma)",),
)
