"""recalibrate_batch_norm: right answers in many spellings keep every point, each mistake gets its own finding."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.networks import batch_norm

RIGHT, WRONG = {}, {}


def right(function):
    RIGHT[function.__name__] = function
    return function


def wrong(code, points):
    def keep(function):
        WRONG[function.__name__] = function, code, points
        return function

    return keep


def norms(model):
    return [layer for layer in model._flatten_layers() if isinstance(layer, layers.BatchNormalization)]


def norms_by_hand(layer):
    """The normalisations in a layer, by recursion through the attributes that hold layers."""
    if isinstance(layer, layers.BatchNormalization):
        return [layer]
    inner = layer.layers if isinstance(layer, keras.Model) else vars(layer).values()
    inner = [part for part in inner if isinstance(part, layers.Layer)]
    return [norm for part in inner for norm in norms_by_hand(part)]


class other_momentum:
    def __init__(self, layers, momentum):
        self.layers, self.momentum = layers, momentum

    def __enter__(self):
        self.kept = [norm.momentum for norm in self.layers]
        for norm in self.layers:
            norm.momentum = self.momentum

    def __exit__(self, *error):
        for norm, momentum in zip(self.layers, self.kept, strict=True):
            norm.momentum = momentum


# Right.


@right
def put_back(model, batches, momentum=0.5):
    old = {}
    for norm in norms(model):
        old[norm] = norm.momentum
        norm.momentum = momentum
    for batch in batches:
        model(batch, training=True)
    for norm in old:
        norm.momentum = old[norm]


@right
def by_recursion(model, batches, momentum=0.5):
    with other_momentum(norms_by_hand(model), momentum):
        for batch in batches:
            model(batch, training=True)
    return model


@right
def in_a_graph(model, batches, momentum=0.5):
    @tf.function(reduce_retracing=True)
    def step(batch):
        model(batch, training=True)

    with other_momentum(norms(model), momentum):
        for batch in batches:
            step(tf.constant(batch))


@right
def by_averaging(model, batches, momentum=0.5):
    """Statistics of each batch alone, by a momentum of zero; the average in NumPy."""
    means = [(norm.moving_mean, norm.moving_variance) for norm in norms(model)]
    average = [[np.array(value) for value in pair] for pair in means]
    with other_momentum(norms(model), 0.0):
        for batch in batches:
            model(batch, training=True)
            for pair, now in zip(average, means, strict=True):
                pair[:] = [momentum * old + (1 - momentum) * np.array(new) for old, new in zip(pair, now, strict=True)]
    for pair, now in zip(average, means, strict=True):
        for old, new in zip(now, pair, strict=True):
            old.assign(new)


@right
def by_a_copy(model, batches, momentum=0.5):
    """Works on weights, and gives them back to the model it was handed."""
    own = [norm.momentum for norm in norms(model)]
    put_back(model, list(batches), momentum)
    model.set_weights([np.array(weight) for weight in model.weights])
    assert own == [norm.momentum for norm in norms(model)]


@right
def with_more_arguments(net, data, momentum=0.5, verbose=False, **more):
    put_back(net, list(data), momentum)


@right
def by_the_numbers(model, batches, *, momentum=0.5):
    """Without training=True for the model: each normalisation's input is averaged by hooks on its call."""
    new = {}

    def hook(norm, call):
        def watched(x, **options):
            mean, variance = ops.moments(x, axes=(0, 1, 2))
            for weight, value in ((norm.moving_mean, mean), (norm.moving_variance, variance)):
                new.setdefault(id(weight), (weight, []))[1].append(value)
                weight.assign(momentum * weight + (1 - momentum) * value)
            return ops.batch_normalization(x, mean, variance, -1, norm.beta, norm.gamma, norm.epsilon)

        return watched

    calls = [(norm, norm.call) for norm in norms(model)]
    for norm, call in calls:
        object.__setattr__(norm, "call", hook(norm, call))
    for batch in batches:
        model(batch)
    for norm, call in calls:
        object.__setattr__(norm, "call", call)


@right
def one_picture_stack_at_a_time(model, batches, momentum=0.5):
    with other_momentum(norms(model), momentum):
        any(model(ops.convert_to_tensor(batch), training=True) is None for batch in batches)


@right
def while_there_are_batches(model, batches, momentum=0.5):
    with other_momentum(norms(model), momentum):
        batches = iter(batches)
        while (batch := next(batches, None)) is not None:
            model(batch, training=True)


@pytest.mark.parametrize("name", RIGHT)
def test_right_ways_keep_every_point(name):
    result = check.run("recalibrate_batch_norm", RIGHT[name], hidden=True, seed=1)
    assert [finding for finding in result.findings if not finding.passed] == []
    assert (result.points, result.status) == (3, "ok")


# Wrong.


@wrong("momentum_ignored", 2)
def momentum_ignored(model, batches, momentum=0.5):
    for batch in batches:
        model(batch, training=True)


@wrong("momentum_fixed", 2)
def momentum_fixed(model, batches, momentum=0.5):
    put_back(model, batches, 0.5)


@wrong("momentum_reversed", 2)
def momentum_reversed(model, batches, momentum=0.5):
    put_back(model, batches, 1 - momentum)


@wrong("last_batch", 2)
def last_batch(model, batches, momentum=0.5):
    put_back(model, batches, 0)


@wrong("fresh_start", 2)
def fresh_start(model, batches, momentum=0.5):
    for norm in norms(model):
        norm.moving_mean.assign(ops.zeros_like(norm.moving_mean))
        norm.moving_variance.assign(ops.ones_like(norm.moving_variance))
    put_back(model, batches, momentum)


@wrong("plain_average", 2)
def plain_average(model, batches, momentum=0.5):
    batches = list(batches)
    found = []
    for batch in batches:
        put_back(model, [batch], 0)
        found.append([[np.array(norm.moving_mean), np.array(norm.moving_variance)] for norm in norms(model)])
    for i, norm in enumerate(norms(model)):
        norm.moving_mean.assign(sum(stats[i][0] for stats in found) / len(found))
        norm.moving_variance.assign(sum(stats[i][1] for stats in found) / len(found))


@wrong("batches_missing", 2)
def first_batch_only(model, batches, momentum=0.5):
    for batch in batches:
        return put_back(model, [batch], momentum)


@wrong("batches_missing", 2)
def all_but_the_last(model, batches, momentum=0.5):
    put_back(model, list(batches)[:-1], momentum)


@wrong("batches_twice", 2)
def twice(model, batches, momentum=0.5):
    put_back(model, list(batches) * 2, momentum)


@wrong("batches_twice", 2)
def each_twice(model, batches, momentum=0.5):
    put_back(model, [batch for batch in batches for _ in range(2)], momentum)


@wrong("not_all_reached", 2)
def outermost_only(model, batches, momentum=0.5):
    found = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    others = [norm for norm in norms(model) if norm not in found]
    for norm in others:
        norm.trainable = False
    with other_momentum(found, momentum):
        for batch in batches:
            model(batch, training=True)
    for norm in others:
        norm.trainable = True


@wrong("not_all_reached", 2)
def layer_by_layer(model, batches, momentum=0.5):
    """A generator is at its end after the first layer."""
    for norm in norms(model):
        others = [other for other in norms(model) if other is not norm]
        with other_momentum([norm], momentum), other_momentum(others, 1.0):
            for batch in batches:
                model(batch, training=True)


@wrong("wrong_variance", 2)
def unbiased_variance(model, batches, momentum=0.5):
    before = [np.array(norm.moving_variance) for norm in norms(model)]
    batches = list(batches)
    put_back(model, batches, momentum)
    for norm, old in zip(norms(model), before, strict=True):
        kept = momentum ** len(batches) * old
        norm.moving_variance.assign(kept + (np.array(norm.moving_variance) - kept) * 64 / 63)


@wrong("wrong_variance", 2)
def means_only(model, batches, momentum=0.5):
    before = [np.array(norm.moving_variance) for norm in norms(model)]
    put_back(model, batches, momentum)
    for norm, old in zip(norms(model), before, strict=True):
        norm.moving_variance.assign(old)


@wrong("later_layers", 2)
def in_prediction_mode(model, batches, momentum=0.5):
    """The inputs of all but the first normalisation come from layers that still predict by old averages."""
    names = {}
    weights = model.get_weights()
    own = [(norm.moving_mean, norm.moving_variance) for norm in norms(model)]
    start = [[np.array(a) for a in pair] for pair in own]
    for batch in batches:
        for norm, pair, now in zip(norms(model), own, start, strict=True):
            model.set_weights(weights)
            others = [other for other in norms(model) if other is not norm]
            for other in others:
                other.trainable = False
            with other_momentum([norm], 0):
                model(batch, training=True)
            for other in others:
                other.trainable = True
            now[:] = [momentum * a + (1 - momentum) * np.array(b) for a, b in zip(now, pair, strict=True)]
    model.set_weights(weights)
    for pair, now in zip(own, start, strict=True):
        for a, b in zip(pair, now, strict=True):
            a.assign(b)
    return names


@wrong("wrong_statistics", 2)
def statistics_of_the_pictures(model, batches, momentum=0.5):
    for batch in batches:
        for norm in norms(model):
            norm.moving_mean.assign(momentum * norm.moving_mean + (1 - momentum) * batch.mean())
            norm.moving_variance.assign(momentum * norm.moving_variance + (1 - momentum) * batch.var())


@wrong("not_reached", 1)
def fit(model, batches, momentum=0.5):
    with other_momentum(norms(model), momentum):
        model.compile("sgd", "mse", run_eagerly=True)
        for batch in batches:
            model.train_on_batch(batch, np.zeros((len(batch), 4)))


@wrong("weights_changed", 2)
def gammas_of_one(model, batches, momentum=0.5):
    put_back(model, batches, momentum)
    for norm in norms(model):
        norm.gamma.assign(ops.ones_like(norm.gamma))


@wrong("momentum_left", 2)
def momentum_left(model, batches, momentum=0.5):
    for norm in norms(model):
        norm.momentum = momentum
    for batch in batches:
        model(batch, training=True)


@wrong("momentum_left", 2)
def usual_momentum_put_back(model, batches, momentum=0.5):
    momentum_left(model, batches, momentum)
    for norm in norms(model):
        norm.momentum = 0.99


@wrong("trainable_changed", 2)
def frozen_afterwards(model, batches, momentum=0.5):
    put_back(model, batches, momentum)
    for norm in norms(model):
        norm.trainable = False


@wrong("batches_changed", 2)
def takes_the_batches_away(model, batches, momentum=0.5):
    batches = batches if isinstance(batches, list) else list(batches)
    with other_momentum(norms(model), momentum):
        while batches:
            model(batches.pop(0), training=True)


@wrong("exception", 2)
def asks_for_the_length(model, batches, momentum=0.5):
    with other_momentum(norms(model), momentum):
        for i in range(len(batches)):
            model(batches[i], training=True)


@wrong("nothing_changed", 0)
def prediction(model, batches, momentum=0.5):
    with other_momentum(norms(model), momentum):
        for batch in batches:
            model.predict_on_batch(batch)


@wrong("nothing_changed", 0)
def nothing(model, batches, momentum=0.5):
    return model


@wrong("returned_new_model", 0)
def another_model(model, batches, momentum=0.5):
    other = keras.models.clone_model(model)
    put_back(other, batches, momentum)
    return other


@wrong("nothing_changed", 0)
def spelling(model, batches, momentum=0.5):
    for batch in batches:
        model(batch, train=True)


@wrong("unanswered", 0)
def stub(model, batches, momentum=0.5):
    raise check.NotAnswered()


@wrong("arguments", 0)
def asks_for_more(model, batches, momentum, epochs):
    put_back(model, batches, momentum)


@wrong("borrowed", 0)
def handed_on(model, batches, momentum=0.5):
    return batch_norm.recalibrate_batch_norm(model, batches, momentum)


WRONG["the_courses_own"] = batch_norm.recalibrate_batch_norm, "borrowed", 0
WRONG["not_a_function"] = [1, 2], "not_a_function", 0


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_finding(name):
    answer, code, points = WRONG[name]
    result = check.recalibrate_batch_norm(answer)
    no_word_twice(result)
    assert result.status != "ok"
    assert next(finding.code for finding in result.findings if not finding.passed) == code
    assert result.points == points


def test_a_gradient_step_is_told_as_such():
    findings = check.recalibrate_batch_norm(fit).findings
    assert findings[2].code == "weights_changed"
    assert "no gradient" in findings[2].message


def test_the_places_that_were_not_reached_are_named():
    finding = check.recalibrate_batch_norm(outermost_only).findings[1]
    assert "in the model nested in it and the block inside it are" in finding.message
    assert finding.got == "1 of them"


def test_an_interrupted_check_can_be_repeated():
    def for_ever(model, batches, momentum=0.5):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.recalibrate_batch_norm(for_ever)
    assert check.recalibrate_batch_norm(put_back).points == 3
