"""inception_module and inception_network: right answers keep every point, each mistake gets its own finding."""

import json

import keras
import pytest
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.check.ask.calling import shapes_only
from course_utils.check.difference import differences
from course_utils.check.graph import MAX_BRANCHES, canonical
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
    return [finding.code for finding in result.findings if finding.mark == "to do"]


def conv(x, filters, f=1, activation="relu", padding="same", **more):
    return layers.Conv2D(filters, f, padding=padding, activation=activation, **more)(x)


def pool(x):
    return layers.MaxPooling2D(3, strides=1, padding="same")(x)


def branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool, activation="relu"):
    return [
        conv(x, f1, 1, activation),
        conv(conv(x, f3_reduce, 1, activation), f3, 3, activation),
        conv(conv(x, f5_reduce, 1, activation), f5, 5, activation),
        conv(pool(x), f_pool, 1, activation),
    ]


def joined(*x):
    return layers.Concatenate()([*x])


# A module, right.


@right("inception_module")
def plain(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return layers.concatenate(branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool), axis=3, name="inception")


@right("inception_module")
def another_order(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool, name=None):
    one, three, five, pooled = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return joined(pooled, five, one, three)


@right("inception_module")
def two_by_two(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one, three, five, pooled = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return joined(joined(one, three), joined(five, pooled))


@right("inception_module")
def relu_once_for_all_branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one = conv(x, f1, 1, None)
    three = conv(conv(x, f3_reduce), f3, 3, None)
    five = conv(conv(x, f5_reduce), f5, 5, None)
    return ops.relu(ops.concatenate([one, three, five, conv(pool(x), f_pool, 1, None)], axis=-1))


@right("inception_module")
def zeros_written_out(inputs, f1, f3_reduce, f3, f5_reduce, f5, f_pool, initializer="he_normal"):
    def step(x, filters, f=1):
        x = layers.ZeroPadding2D(f // 2)(x) if f > 1 else x
        return layers.Activation("relu")(layers.Conv2D(filters, (f, f), kernel_initializer=initializer)(x))

    three, five = step(step(inputs, f3_reduce), f3, 3), step(step(inputs, f5_reduce), f5, 5)
    return joined(step(inputs, f1), three, five, step(pool(inputs), f_pool))


@right("inception_module")
def models_in_models(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    def tower(*steps):
        return keras.Sequential([layers.Conv2D(n, f, padding="same", activation="relu") for n, f in steps])(x)

    three, five = tower((f3_reduce, 1), (f3, 3)), tower((f5_reduce, 1), (f5, 5))
    return joined(tower((f1, 1)), three, five, layers.Dropout(0.1)(conv(pool(x), f_pool)))


# A module, wrong.


@wrong("inception_module", 2, "relu_missing")
def linear(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool, activation=None))


@wrong("inception_module", 2, "wrong_activation")
def elu(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool, activation="elu"))


@wrong("inception_module", 2, "branch_missing")
def no_pooling_branch(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)[:3])


@wrong("inception_module", 2, "branch_missing")
def no_5x5_branch(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one, three, _, pooled = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return joined(pooled, three, one)


@wrong("inception_module", 2, "branch_extra")
def the_input_too(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool), x)


@wrong("inception_module", 2, "layer_missing")
def no_bottleneck(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one, three, _, pooled = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return joined(one, three, conv(x, f5, 5), pooled)


@wrong("inception_module", 2, "layer_missing")
def pooled_channels_not_projected(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)[:3], pool(x))


@wrong("inception_module", 2, "wrong_pooling")
def not_pooled(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)[:3], conv(x, f_pool))


@wrong("inception_module", 2, "wrong_pooling")
def averaged(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    pooled = layers.AveragePooling2D(3, 1, padding="same")(x)
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)[:3], conv(pooled, f_pool))


@wrong("inception_module", 1, "wrong_pooling", "exception")
def pooling_with_its_own_stride(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    pooled = layers.MaxPooling2D(3, padding="same")(x)
    return joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)[:3], conv(pooled, f_pool))


@wrong("inception_module", 1, "wrong_padding", "exception")
def valid(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one, three, _, pooled = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return joined(one, three, conv(conv(x, f5_reduce), f5, 5, padding="valid"), pooled)


@wrong("inception_module", 1, "concat_axis", "exception")
def side_by_side(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return layers.Concatenate(axis=1)(branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool))


@wrong("inception_module", 2, "wrong_merge")
def summed(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    each = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return layers.Add()([layers.Conv2D(8, 1)(branch) for branch in each])


@wrong("inception_module", 1, "branches_not_joined")
def the_last_branch(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)[-1]


@wrong("inception_module", 2, "wrong_branch")
def one_after_the_other(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one = conv(x, f1)
    three = conv(conv(one, f3_reduce), f3, 3)
    return joined(one, three, conv(conv(x, f5_reduce), f5, 5), conv(pool(x), f_pool))


@wrong("inception_module", 2, "wrong_filters")
def bottleneck_and_filters_exchanged(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, f1, f3, f3_reduce, f5_reduce, f5, f_pool))


@wrong("inception_module", 2, "wrong_filters")
def numbers_of_the_notebook(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return joined(*branches(x, 64, 96, 128, 16, 32, 32))


@wrong("inception_module", 2, "wrong_kernel_size")
def two_3x3_branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    one, three, _, pooled = branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)
    return joined(one, three, conv(conv(x, f5_reduce), f5, 3), pooled)


@wrong("inception_module", 2, "extra_layer")
def normalised(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return layers.BatchNormalization()(joined(*branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)))


@wrong("inception_module", 0, "returned_other")
def a_list(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return branches(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)


@wrong("inception_module", 0, "borrowed")
def the_courses_own(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
    return inception.inception_module(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool)


# A network, right.


def module(x, f1=4, f3=6, f5=4, f_pool=4, activation="relu"):
    return joined(*branches(x, f1, f3 // 2, f3, f5 // 2, f5, f_pool, activation))


def head(x, classes, activation="softmax"):
    return layers.Dense(classes, activation=activation)(layers.GlobalAveragePooling2D()(x))


def halve(x):
    return layers.MaxPooling2D(2)(x)


@right("inception_network")
def three_modules_and_two_heads(input_shape=(32, 32, 3), classes=10):
    inputs = keras.Input(input_shape)
    x = module(halve(conv(inputs, 8, 3)))
    first = head(x, classes)
    x = module(halve(x))
    second = head(x, classes)
    return keras.Model(inputs, [head(module(halve(x)), classes), first, second])


@right("inception_network")
def one_head_as_published(input_shape=(32, 32, 3), classes=10, dropout=0.4):
    inputs = keras.Input(input_shape)
    x = conv(inputs, 8, 5, strides=2)
    x = module(module(x))
    side = conv(layers.AveragePooling2D(5, 3)(x), 8)
    side = layers.Dense(16, activation="relu")(layers.Flatten()(side))
    side = layers.Dense(classes, activation="softmax", name="auxiliary")(layers.Dropout(0.7)(side))
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(module(halve(x))))
    main = layers.Softmax(name="main")(layers.Dense(classes)(x))
    return keras.Model(inputs=inputs, outputs=[main, side])


@right("inception_network")
def normalised_modules(input_shape=(32, 32, 3), classes=10):
    def unit(x, filters, f=1):
        x = layers.Conv2D(filters, f, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    def normalised(x):
        return joined(unit(x, 4), unit(unit(x, 2), 4, 3), unit(unit(x, 2), 4, 5), unit(pool(x), 4))

    inputs = keras.Input(input_shape)
    x = normalised(unit(inputs, 8, 3))
    side = head(x, classes)
    return keras.Model(inputs, [head(normalised(halve(x)), classes), side])


@right("inception_network")
def two_3x3_see_as_far_as_5x5(input_shape=(32, 32, 3), classes=10):
    def later_module(x):
        return layers.concatenate([conv(x, 4), conv(x, 4, 3), conv(conv(conv(x, 2), 4, 3), 4, 3), conv(pool(x), 4)])

    inputs = keras.Input(input_shape)
    x = later_module(halve(inputs))
    return keras.Model(inputs, (head(later_module(x), classes), head(conv(x, 8), classes)))


@right("inception_network")
def of_the_courses_modules(input_shape=(32, 32, 3), classes=10):
    """The module is another exercise: here the course's own may be used."""
    inputs = keras.Input(input_shape)
    x = inception.inception_module(inputs, 4, 4, 6, 2, 4, 4, name="a")
    side = ops.softmax(layers.Dense(classes)(ops.mean(x, axis=(1, 2))))
    x = inception.inception_module(halve(x), 4, 4, 6, 2, 4, 4, name="b")
    x = ops.relu(layers.Concatenate()([conv(x, 4), conv(x, 6, 3), conv(x, 4, 5), layers.MaxPooling2D(3, 1, "same")(x)]))
    return keras.Model(inputs, {"a_main": head(x, classes), "b_side": side})


# A network, wrong. Each is `network` with something changed.


def network(input_shape=(32, 32, 3), classes=10, module=module, second=None, end="softmax", outputs=None, head=head):
    inputs = keras.Input(input_shape)
    early = module(halve(conv(inputs, 8, 3)))
    late = (second or module)(halve(early))
    parts = {"inputs": inputs, "early": early, "late": late, "classes": classes, "end": end}
    outputs = outputs or (lambda **_: [head(late, classes, end), head(early, classes, end)])
    return keras.Model(inputs, outputs(**parts))


def test_the_network_that_is_changed_below_is_right():
    assert check.inception_network(network).status == "ok"


@wrong("inception_network", 2, "one_output")
def without_auxiliary_heads(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, outputs=lambda late, **_: head(late, classes))


@wrong("inception_network", 3, "auxiliary_at_end")
def both_heads_at_the_end(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, outputs=lambda late, **_: [head(late, classes), head(late, classes)])


@wrong("inception_network", 3, "main_not_first")
def the_early_head_first(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, outputs=lambda early, late, **_: [head(early, classes), head(late, classes)])


@wrong("inception_network", 3, "auxiliary_apart")
def a_head_of_its_own(input_shape=(32, 32, 3), classes=10):
    def outputs(inputs, late, **_):
        return [head(late, classes), head(conv(inputs, 8, 3), classes)]

    return network(input_shape, classes, outputs=outputs)


@wrong("inception_network", 2, "same_output")
def one_head_twice(input_shape=(32, 32, 3), classes=10):
    def outputs(late, **_):
        main = head(late, classes)
        return [main, main]

    return network(input_shape, classes, outputs=outputs)


@wrong("inception_network", 3, "output_activation")
def logits(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, end=None)


@wrong("inception_network", 3, "output_activation")
def sigmoid_on_the_way(input_shape=(32, 32, 3), classes=10):
    def outputs(early, late, **_):
        return [head(late, classes), head(early, classes, "sigmoid")]

    return network(input_shape, classes, outputs=outputs)


@wrong("inception_network", 3, "wrong_units")
def ten_classes_always(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, 10)


@wrong("inception_network", 3, "wrong_units")
def the_picture_still_there(input_shape=(32, 32, 3), classes=10):
    def outputs(early, late, **_):
        return [head(late, classes), layers.Dense(classes, activation="softmax")(early)]

    return network(input_shape, classes, outputs=outputs)


@wrong("inception_network", 3, "wrong_input_shape")
def small_pictures_always(input_shape=(32, 32, 3), classes=10):
    return network((32, 32, 3), classes)


@wrong("inception_network", 2, "no_modules")
def a_plain_network(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, module=lambda x: conv(x, 8, 3))


@wrong("inception_network", 3, "branch_missing")
def modules_without_pooling(input_shape=(32, 32, 3), classes=10):
    def module(x):
        return joined(conv(x, 4), conv(x, 4, 3), conv(x, 4, 5))

    return network(input_shape, classes, module)


@wrong("inception_network", 3, "one_module")
def half_a_second_module(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, second=lambda x: joined(conv(x, 4), conv(x, 4, 3)))


@wrong("inception_network", 3, "relu_missing")
def linear_modules(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, module=lambda x: module(x, activation=None))


@wrong("inception_network", 2, "concat_axis")
def modules_side_by_side(input_shape=(32, 32, 3), classes=10):
    def module(x):
        return layers.Concatenate(axis=2)(branches(x, 4, 4, 4, 4, 4, 4))

    return network(input_shape, classes, module)


@wrong("inception_network", 3, "layer_shared")
def one_module_twice(input_shape=(32, 32, 3), classes=10):
    x = keras.Input((None, None, 18))
    again = keras.Model(x, module(x))
    inputs = keras.Input(input_shape)
    early = again(conv(inputs, 18, 3))
    return keras.Model(inputs, [head(again(early), classes), head(early, classes)])


@wrong("inception_network", 0, "not_a_model")
def outputs_without_a_model(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes).outputs


@wrong("inception_network", 0, "lambda_layer")
def a_module_in_a_lambda(input_shape=(32, 32, 3), classes=10):
    return network(input_shape, classes, module=lambda x: layers.Lambda(ops.relu)(module(x)))


@wrong("inception_network", 0, "borrowed")
def the_courses_network(input_shape=(32, 32, 3), classes=10):
    return inception.inception_network(input_shape, classes)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("case", RIGHT, ids="-".join)
def test_right_answers_keep_every_point(case, hidden):
    result = check.run(case[0], RIGHT[case], hidden=hidden, seed=5)
    assert faults(result) == []
    assert (result.points, result.status) == (4, "ok")


@pytest.mark.parametrize("case", WRONG, ids="-".join)
def test_each_mistake_gets_its_finding(case):
    answer, points, codes = WRONG[case]
    for hidden in (False, True):
        result = check.run(case[0], answer, hidden=hidden, seed=5)
        no_word_twice(result)
        assert faults(result) == codes
        assert result.points == points
        assert sum(finding.points for finding in result.findings) == 4


@pytest.mark.parametrize("exercise", ["inception_module", "inception_network"])
def test_a_stub_is_one_finding(exercise):
    def answer(*arguments):
        raise check.NotAnswered()

    result = check.run(exercise, answer)
    assert (result.status, len(result.findings)) == ("unanswered", 1)


def test_a_branch_is_named_by_what_it_does():
    finding = check.inception_module(no_5x5_branch).findings[1]
    assert finding.message == "The 5x5 branch is missing: 3 branches are joined. Which belong there?"
    finding = check.inception_module(bottleneck_and_filters_exchanged).findings[2]
    assert "of the 3x3 branch" in finding.message


def test_concatenations_of_concatenations_are_bounded():
    """Each doubles the one before it: read as one they would have 4,096 branches."""
    x = inputs = keras.Input((2, 2, 1))
    for _ in range(12):
        x = joined(x, x)
    found = canonical(keras.Model(inputs, x).to_json())
    assert max(len(node.inputs) for node in found.nodes) <= MAX_BRANCHES
    assert found.nodes[found.outputs[0]].shape[-1] == 4096


def test_a_large_network_of_branches_is_compared_module_by_module():
    """GoogLeNet with one kernel of another size in one of its nine modules."""
    with shapes_only():
        expected = inception.GoogLeNet((64, 64, 3), 10)
    config = json.loads(expected.to_json())
    (spoiled,) = (layer for layer in config["config"]["layers"] if layer["name"] == "inception_4d_5x5")
    spoiled["config"]["kernel_size"] = [3, 3]
    (found,) = differences(canonical(config), canonical(expected.to_json()))
    assert (found.code, found.place) == (
        "wrong_kernel_size",
        "the second convolution of the 5x5 branch of module 6",
    )
