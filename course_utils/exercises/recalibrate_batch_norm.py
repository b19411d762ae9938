"""recalibrate_batch_norm (notebook 05): moving statistics brought to those of some batches, and nothing else changed.

Asked of a small network whose moving statistics lag, with normalisations inside a nested model and a block.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import call_problem, not_reached, only, passed
from course_utils.check.result import NOT_REACHED, UNANSWERED, Finding, Step

PLACES = ("the model itself", "the model nested in it", "the block inside it")  # where its normalisations stand
STEPS = (
    Step(
        "averages",
        1,
        "moves the averages by 1 - momentum with each batch",
        "Each batch moves the averages by 1 - momentum.",
    ),
    Step(
        "reaches_all",
        1,
        "reaches every batch normalisation",
        "It reaches every batch normalisation, inside blocks too.",
    ),
    Step("kept", 1, "leaves everything else as it was", "Everything else is as it was."),
)


class Probe(NamedTuple):
    """momentum: None leaves it to the answer's default. sizes: of the batches. once: they come as a generator."""

    momentum: float | None
    sizes: tuple[int, ...]
    once: bool
    seed: int = 0


PROBES = Probe(None, (4, 4, 4), once=False), Probe(0.8, (5, 3, 4, 2), once=True)
HIDDEN = Probe(0.3, (2, 6), once=False), Probe(0.65, (3, 3, 3), once=True), Probe(0.9, (4,), once=False)


def _request(seed, hidden):
    probes = [*PROBES, *(HIDDEN if hidden else ())]
    return {
        "probes": [probe._asdict() | {"sizes": [*probe.sizes], "seed": seed + i} for i, probe in enumerate(probes)],
        "forbidden": ["course_utils.networks.batch_norm:recalibrate_batch_norm"],
    }


def _judge(request, evidence):
    findings = None
    for probe, came in zip(request["probes"], evidence["probes"], strict=True):
        found = _of_a_probe(Probe(**probe | {"sizes": tuple(probe["sizes"])}), came)
        if found[0].code == UNANSWERED:
            return found
        both = zip(findings or found, found, strict=True)
        findings = [old if not old.passed or new.code == NOT_REACHED else new for old, new in both]
    return findings


def _of_a_probe(probe, found):
    """The findings of one probe."""
    call = found["call"]
    problem = call_problem(call, 1, _called(call.get("name"), probe))
    if problem:
        return only(problem, STEPS)
    model, before, stats, moving = _network(probe)
    after = [(found["weights"][m], found["weights"][v]) for m, v in moving]
    touched = [not _equal(a, b) for a, b in zip(after, before, strict=True)]
    if not any(touched):
        return only(_nothing_changed(found, call["name"]), STEPS)
    kept = _kept(found, model, moving)
    averages = _averages(probe, found["momentum"], before, stats, after, touched)
    if kept.code == "weights_changed" and averages.code == "wrong_statistics":
        averages = not_reached(STEPS[0])
    return [averages, _reaches(touched, probe), kept]


def _called(name, probe):
    how = "a generator" if probe.once else "a list"
    momentum = "" if probe.momentum is None else f" and momentum={probe.momentum}"
    return f"{name}, called with {how} of {len(probe.sizes)} batches{momentum},"


@lru_cache(32)
def _network(probe):
    """What is to be known of a probe, from the course's side.

    Returns (weights before, statistics before, statistics of each batch, positions of the statistics): statistics are
    a (mean, variance) for each of PLACES; those of a batch come with how many numbers they are taken of.
    """
    from course_utils.check.ask.batch_norm import batches, network

    model, norms = network(probe.seed)
    weights = [weight.numpy() for weight in model.weights]
    place = {id(weight): position for position, weight in enumerate(model.weights)}
    moving = [(place[id(norm.moving_mean)], place[id(norm.moving_variance)]) for norm in norms]
    stats = []
    for norm in norms:
        norm.momentum = 0
    for batch in batches(probe._asdict()):
        model(batch, training=True)
        stats.append([(norm.moving_mean.numpy(), norm.moving_variance.numpy()) for norm in norms])
    return weights, [(weights[m], weights[v]) for m, v in moving], stats, moving


def _averages(probe, own, before, stats, after, touched):
    """The finding of the numbers that were reached."""
    places = [i for i, yes in enumerate(touched) if yes]
    momentum = 0.5 if probe.momentum is None else probe.momentum
    momenta = [momentum] * len(PLACES)

    def fits(start=before, stats=stats, momenta=momenta, places=places):
        return all(_equal(after[i], _moved(start[i], [batch[i] for batch in stats], momenta[i])) for i in places)

    def fault(code, text):
        return Finding(code, False, text, points=1)

    if fits():
        return passed(STEPS[0])
    asked = f"With momentum={momentum:g} and {len(stats)} batches"
    plain = [[tuple(np.mean([batch[i] for batch in stats], axis=0)) for i in range(len(PLACES))]]
    fresh = [(np.zeros_like(mean), np.ones_like(variance)) for mean, variance in before]
    if fits(momenta=[0] * len(PLACES)):
        text = f"{asked}, the statistics are those of the last batch alone. What becomes of the others?"
        return fault("last_batch", text)
    if fits(momenta=[kept for _, kept in own]):
        text = f"{asked}, the averages move as slowly as before. Where does each normalisation look up its momentum?"
        return fault("momentum_ignored", text)
    if fits(momenta=[1 - momentum] * len(PLACES)):
        text = f"{asked}, the averages keep 1 - momentum of what they were. Which of the two is to be kept?"
        return fault("momentum_reversed", text)
    for fixed in (0.5, 0.9, 0.99, 0.1):
        if fits(momenta=[fixed] * len(PLACES)):
            text = f"{asked}, the averages move as if momentum were {fixed:g}. Where is the argument used?"
            return fault("momentum_fixed", text)
    if fits(start=fresh):
        text = (
            "The averages start again from zeros and ones. Where do they stand before the first batch, and what of "
            "that should be kept?"
        )
        return fault("fresh_start", text)
    if any(fits(stats=plain, momenta=[m] * len(PLACES)) for m in (0, momentum)):
        text = (
            f"{asked}, every batch counts as much as every other: that is their mean. In a moving average, how much of "
            "the first is left after the last?"
        )
        return fault("plain_average", text)
    for n in range(1, len(stats)):
        if fits(stats=stats[:n]) or fits(stats=stats[-n:]):
            return fault(
                "batches_missing", f"{asked}, only {n} of the batches moved the averages. Which were left out?"
            )
    if any(fits(stats=stats * n) for n in (2, 3)) or fits(stats=[batch for batch in stats for _ in range(2)]):
        text = f"{asked}, each batch moves the averages more than once. How often does the model see it?"
        return fault("batches_twice", text)
    if all(_equal(after[i][:1], _moved(before[i], [batch[i] for batch in stats], momentum)[:1]) for i in places):
        text = "The moving means are right, the moving variances are not. What does a batch tell of the variance?"
        return fault("wrong_variance", text)
    if places[0] == 0 and len(places) > 1 and fits(places=[0]):
        text = (
            "The averages of the first normalisation are right, those behind it are not. In which mode do the layers "
            "in front of them run, and on which weights?"
        )
        return fault("later_layers", text)
    text = (
        f"{asked}, the statistics have changed, but are not the moving averages of those of the batches. Which layer "
        "moves them, in which mode, and by how much?"
    )
    return fault("wrong_statistics", text)


def _moved(start, stats, momentum):
    """The (mean, variance) to which `stats` move those at the start."""
    for now in stats:
        start = [momentum * old + (1 - momentum) * new for old, new in zip(start, now, strict=True)]
    return start


def _equal(some, others):
    return all(np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(some, others, strict=True))


def _nothing_changed(found, name):
    if found["new_model"]:
        text = (
            f"{name} returns another model, and the one it was handed is as before. The caller goes on with the model "
            "at hand: whose statistics should move?"
        )
        return Finding("returned_new_model", False, text, points=1)
    text = "After the call, all moving statistics are what they were. In which mode does batch normalisation move them?"
    return Finding("nothing_changed", False, text, points=1)


def _reaches(touched, probe):
    if all(touched):
        return passed(STEPS[1])
    left = " and ".join(place for place, yes in zip(PLACES, touched, strict=True) if not yes)
    if probe.once and touched[0]:
        hint = "Do they stand in `model.layers`? And how often can one go through a generator of batches?"
    else:
        hint = "Where does it look for them?"
    text = f"The statistics of a batch normalisation in {left} are what they were. {hint}"
    got = f"{sum(touched)} of them"
    return Finding("not_all_reached", False, text, f"all {len(touched)} batch normalisations", got, points=1)


def _kept(found, weights, moving):
    """The finding of what should not have changed. weights: before."""

    def fault(code, text, expected=None, got=None):
        return Finding(code, False, text, expected, got, points=1)

    others = [i for i in range(len(weights)) if not any(i in pair for pair in moving)]
    changed = sum(not np.array_equal(found["weights"][i], weights[i]) for i in others)
    if changed:
        text = (
            f"{changed} weights that are no moving statistics have changed. Recalibrating needs no gradient: what "
            "moves them?"
        )
        return fault("weights_changed", text, "0 changed", f"{changed} of {len(others)} changed")
    left = [(now, own) for now, own in found["momentum"] if now != own]
    if left:
        text = (
            f"After the call, {len(left)} of the normalisations have another momentum than before, and will train with "
            "it from now on. What should be put back?"
        )
        return fault("momentum_left", text, f"{left[0][1]:g}", f"{left[0][0]:g}")
    if found["trainable"] != len(others):
        text = "After the call, other weights are trainable than before. What should be put back?"
        return fault("trainable_changed", text, f"{len(others)} trainable weights", f"{found['trainable']}")
    if found["batches_changed"]:
        return fault("batches_changed", "The batches are not what they were: the pictures belong to whoever calls.")
    return passed(STEPS[2])


exercise = Exercise(
    notebook="05",
    place=2,
    title="recalibrate_batch_norm",
    steps=STEPS,
    ask="batch_norm",
    request=_request,
    judge=_judge,
    hints=(
        "Three things happen one after the other: a setting is changed, the batches are shown, the setting is"
        " changed back. What must you remember between the first and the third?",
        "`batch_norm_layers` from the set-up cell finds every normalisation, also inside other layers. Write "
        "their momenta into a list before you change them. Call the model on each batch in a loop, and say in"
        " the call that it is training.",
    ),
    arguments="model, batches, momentum",
    later=("recalibrate_batch_norm(model, np.split(x_train[:320], 10))",),
)
