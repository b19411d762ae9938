"""block2, stack2 and resnet50v2: right answers keep every point, each mistake gets its own finding."""

import json

import keras
import pytest
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.networks import resnet_v2

RIGHT, WRONG = {}, {}


def right(function):
    return RIGHT.setdefault(function.__name__, function)


def wrong(points, *codes):
    """codes: of the findings that are no praise, in order; those not reached are left out."""

    def remember(function):
        WRONG[function.__name__] = (function, points, list(codes))
        return function

    return remember


def faults(result):
    return [finding.code for finding in result.findings if finding.mark == "to do"]


# A block in parts, each of which can be exchanged.


def norm_relu(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def relu_norm(x):
    return layers.BatchNormalization()(layers.ReLU()(x))


def conv(x, filters, f=1, s=1, padding="valid", bias=False, **more):
    return layers.Conv2D(filters, f, strides=s, padding=padding, use_bias=bias, **more)(x)


def middle(x, filters, f, s):
    return conv(layers.ZeroPadding2D(f // 2)(x), filters, f, s)


def sampled(x, s):
    return layers.MaxPooling2D(1, strides=s)(x) if s > 1 else x


def residual(preact, filters, f=3, s=1, step=norm_relu, middle=middle):
    return conv(step(middle(step(conv(preact, filters)), filters, f, s)), 4 * filters, bias=True)


def shortcut(x, preact, filters, s, projected):
    return conv(preact, 4 * filters, 1, s, bias=True) if projected else sampled(x, s)


# A block, right.


@right
def as_in_keras(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name + "_preact_bn")(x)
    preact = layers.Activation("relu", name=name + "_preact_relu")(preact)
    if conv_shortcut:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=name + "_0_conv")(preact)
    else:
        shortcut = layers.MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = layers.Conv2D(filters, 1, strides=1, use_bias=False, name=name + "_1_conv")(preact)
    x = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name + "_1_bn")(x)
    x = layers.Activation("relu", name=name + "_1_relu")(x)
    x = layers.ZeroPadding2D(padding=((1, 1), (1, 1)), name=name + "_2_pad")(x)
    x = layers.Conv2D(filters, kernel_size, strides=stride, use_bias=False, name=name + "_2_conv")(x)
    x = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name + "_2_bn")(x)
    x = layers.Activation("relu", name=name + "_2_relu")(x)
    x = layers.Conv2D(4 * filters, 1, name=name + "_3_conv")(x)
    return layers.Add(name=name + "_out")([shortcut, x])


@right
def written_briefly(x, filters, kernel_size=3, stride=1, conv_shortcut=False):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@right
def functions_of_keras_ops(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None, initializer="zeros"):
    preact = ops.relu(layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x))
    h = ops.maximum(layers.BatchNormalization()(conv(preact, filters, kernel_initializer=initializer)), 0)
    zeros = (kernel_size - 1) // 2
    h = conv(ops.pad(h, ((0, 0), (zeros, zeros), (zeros, zeros), (0, 0))), filters, kernel_size, (stride, stride))
    h = conv(keras.activations.relu(layers.BatchNormalization(-1)(h)), 4 * filters, bias=True)
    return ops.add(shortcut(x, preact, filters, stride, conv_shortcut), h)


@right
def sampled_by_slices(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = conv(preact, 4 * filters, bias=True)[:, ::stride, ::stride, :] if conv_shortcut else None
    carried = x[:, ::stride, ::stride] if carried is None else carried
    return layers.add([residual(preact, filters, kernel_size, stride), carried])


@right
def sampled_by_average_pooling(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = layers.AveragePooling2D((1, 1), (stride, stride))(preact if conv_shortcut else x)
    carried = conv(carried, 4 * filters, bias=True) if conv_shortcut else carried
    return layers.Add()([carried, residual(preact, filters, kernel_size, stride)])


@right
def pooled_whatever_the_stride(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = conv(preact, 4 * filters, 1, stride, bias=True) if conv_shortcut else layers.MaxPool2D(1, stride)(x)
    return layers.Add()([carried, residual(preact, filters, kernel_size, stride)])


@right
def same_where_the_stride_is_one(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    def middle_(x, n, f, s):
        return conv(x, n, f, 1, "same") if s == 1 else middle(x, n, f, s)

    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, middle=middle_)
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@right
def a_model_inside(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    inputs = keras.Input(x.shape[1:])
    preact = norm_relu(inputs)
    outputs = [residual(preact, filters, kernel_size, stride), shortcut(inputs, preact, filters, stride, conv_shortcut)]
    return layers.Add()(keras.Model(inputs, outputs)(layers.Identity()(x)))


@right
def a_branch_built_in_a_loop(x, filters, kernel_size=3, stride=1, conv_shortcut=False, *, name=None):
    h = preact = norm_relu(layers.Dropout(0.0)(x))
    for n, f, s in ((filters, 1, 1), (filters, kernel_size, stride), (4 * filters, 1, 1)):
        last = n != filters
        h = layers.ZeroPadding2D((f - 1) // 2)(h) if f > 1 else h
        h = conv(h, n, f, s, bias=last, kernel_regularizer="l2")
        h = h if last else norm_relu(h)
    return layers.Add()([shortcut(x, preact, filters, stride, conv_shortcut), h])


# A block, wrong.


@wrong(3, "shortcut_before_preactivation")
def projection_of_the_input(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    h = residual(norm_relu(x), filters, kernel_size, stride)
    return h + shortcut(x, x, filters, stride, conv_shortcut)


@wrong(3, "shortcut_too_late")
def identity_of_the_preactivation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(preact, preact, filters, stride, conv_shortcut)


@wrong(3, "shortcut_pooling_missing")
def pooling_forgotten(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = shortcut(x, preact, filters, stride, conv_shortcut) if conv_shortcut else x
    return residual(preact, filters, kernel_size, stride) + carried


@wrong(3, "wrong_pooling")
def pooling_of_two(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = layers.MaxPooling2D(2, stride, padding="same")(x) if stride > 1 else x
    carried = shortcut(x, preact, filters, stride, True) if conv_shortcut else carried
    return residual(preact, filters, kernel_size, stride) + carried


@wrong(3, "wrong_strides")
def stride_on_the_first_convolution(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = middle(norm_relu(conv(preact, filters, 1, stride)), filters, kernel_size, 1)
    h = conv(norm_relu(h), 4 * filters, bias=True)
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(2, "extra_layer", "wrong_strides")
def stride_of_two_always(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, 2) + shortcut(x, preact, filters, 2, conv_shortcut)


@wrong(3, "wrong_order")
def relu_before_normalisation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, step=relu_norm)
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "wrong_order")
def relu_before_the_first_normalisation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = relu_norm(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "bn_missing")
def without_preactivation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    return residual(x, filters, kernel_size, stride) + shortcut(x, x, filters, stride, conv_shortcut)


@wrong(3, "relu_missing")
def preactivation_without_relu(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = layers.BatchNormalization()(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "bn_missing")
def no_normalisation_inside(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, step=layers.ReLU())
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "relu_after_add")
def relu_at_the_end(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    return layers.ReLU()(written_briefly(x, filters, kernel_size, stride, conv_shortcut))


@wrong(3, "extra_layer")
def normalised_before_the_addition(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = layers.BatchNormalization()(residual(preact, filters, kernel_size, stride))
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(4, "needless_bias")
def biases_everywhere(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = norm_relu(conv(preact, filters, bias=True))
    h = norm_relu(conv(layers.ZeroPadding2D(kernel_size // 2)(h), filters, kernel_size, stride, bias=True))
    return conv(h, 4 * filters, bias=True) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "wrong_bias")
def no_bias_at_all(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = norm_relu(middle(norm_relu(conv(preact, filters)), filters, kernel_size, stride))
    return conv(h, 4 * filters) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "kernel_size_ignored")
def kernel_of_three(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, 3, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "wrong_padding")
def same_with_a_stride(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, middle=lambda x, n, f, s: conv(x, n, f, s, "same"))
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(1, "wrong_filters", "exception")
def four_times_forgotten(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = norm_relu(middle(norm_relu(conv(preact, filters)), filters, kernel_size, stride))
    carried = conv(preact, filters, 1, stride, bias=True) if conv_shortcut else sampled(x, stride)
    return conv(h, filters, bias=True) + carried


@wrong(3, "shortcut_missing")
def added_to_itself(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    h = residual(norm_relu(x), filters, kernel_size, stride)
    return h + h


@wrong(2, "wrong_merge")
def concatenated(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = shortcut(x, preact, filters, stride, conv_shortcut)
    return layers.Concatenate()([carried, residual(preact, filters, kernel_size, stride)])


@wrong(3, "projection_missing")
def never_projected(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + sampled(x, stride)


@wrong(3, "projection_extra")
def always_projected(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, True)


@wrong(0, "borrowed")
def of_the_course(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    return resnet_v2.block2(x, filters, kernel_size, stride, conv_shortcut, name)


@wrong(0, "borrowed")
def of_the_library(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    from keras.src.applications import resnet

    return resnet.residual_block_v2(x, filters, kernel_size, stride, conv_shortcut, name)


@wrong(2, "exception")
def partly_answered(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    if conv_shortcut:
        return written_briefly(x, filters, kernel_size, stride, conv_shortcut)
    if stride == 2:
        raise ValueError("not yet")
    raise check.NotAnswered()


@wrong(0, "unanswered")
def a_stub(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    raise check.NotAnswered()


@pytest.mark.parametrize("name", RIGHT)
def test_right_blocks_keep_every_point(name, capsys):
    result = check.run("block2", RIGHT[name], hidden=True)
    assert result.points == 5, result
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_probes_of_grading_are_fair_and_tell_a_wrong_stride(seed):
    assert check.run("block2", as_in_keras, hidden=True, seed=seed).points == 5
    evidence = check.collect("block2", stride_on_the_first_convolution, hidden=True, seed=seed)
    assert json.loads(json.dumps(evidence)) == evidence
    exercise = check.EXERCISES["block2"]
    request = exercise.request(seed, True)
    request["probes"], evidence["probes"] = request["probes"][4:], evidence["probes"][4:]  # those that are drawn
    findings = exercise.judge(request, evidence)
    assert [finding.code for finding in findings if finding.mark == "to do"] == ["wrong_strides"]


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_in_a_block_has_its_own_finding(name):
    answer, points, codes = WRONG[name]
    result = check.block2(answer)
    no_word_twice(result)
    assert (faults(result), result.points) == (codes, points), result
    for finding in result.findings:
        assert "\n" not in finding.message
        assert len(finding.message) < 400


# A stage, right. It is made of the course's own block: the block is another exercise.


def stack(x, filters, blocks, stride1=2, name=None, first=None, between=None, last=None):
    """A stage of which one kind of block can be called otherwise."""
    block = resnet_v2.block2
    x = block(x, filters, **{"conv_shortcut": True} | (first or {}))
    for _ in range(2, blocks):
        x = block(x, filters, **between or {})
    return block(x, filters, **({"stride": stride1} if last is None else last))


def stack_as_in_keras(x, filters, blocks, stride1=2, name=None):
    x = as_in_keras(x, filters, conv_shortcut=True, name=name + "_block1")
    for i in range(2, blocks):
        x = as_in_keras(x, filters, name=name + "_block" + str(i))
    return as_in_keras(x, filters, stride=stride1, name=name + "_block" + str(blocks))


def stack_in_one_loop(x, filters, blocks, stride1=2, name="stage", **more):
    for block in range(blocks):
        s = stride1 if block == blocks - 1 else 1
        x = written_briefly(x, filters, stride=s, conv_shortcut=block == 0)
    return x


def stack_of_models(x, filters, blocks, stride1=2):
    for block in range(1, blocks + 1):
        inputs = keras.Input(x.shape[1:])
        settings = {"conv_shortcut": block == 1, "stride": stride1 if block == blocks else 1}
        x = keras.Model(inputs, functions_of_keras_ops(inputs, filters, **settings))(x)
    return x


RIGHT_STACKS = [stack, stack_as_in_keras, stack_in_one_loop, stack_of_models]


@pytest.mark.parametrize("answer", RIGHT_STACKS)
def test_right_stages_keep_every_point(answer, capsys):
    result = check.run("stack2", answer, hidden=True)
    assert result.points == 3, result
    assert capsys.readouterr() == ("", "")


# A stage, wrong.


def changed(**parts):
    def stack2(x, filters, blocks, stride1=2, name=None):
        return stack(x, filters, blocks, stride1, **{k: v(stride1) if callable(v) else v for k, v in parts.items()})

    return stack2


def stride_of_the_stage(stride1):
    return {"stride": stride1}


def other_depth(more):
    return lambda x, filters, blocks, stride1=2, name=None: stack(x, filters, blocks + more, stride1)


def one_block_for_all(x, filters, blocks, stride1=2, name=None):
    x = resnet_v2.block2(x, filters, conv_shortcut=True)
    inputs = keras.Input(x.shape[1:])
    block = keras.Model(inputs, resnet_v2.block2(inputs, filters))
    for _ in range(2, blocks):
        x = block(block(x)) if blocks == 3 else block(x)
    return resnet_v2.block2(x, filters, stride=stride1)


def first_block_alone(x, filters, blocks, stride1=2, name=None):
    for _ in range(blocks):
        h = resnet_v2.block2(x, filters, stride=stride1, conv_shortcut=True)
    return h


def side_by_side(x, filters, blocks, stride1=2, name=None):
    for block in range(blocks):
        x = concatenated(x, filters, stride=stride1 if block == blocks - 1 else 1, conv_shortcut=block == 0)
    return x


WRONG_STACKS = {
    "stride_in_the_first_block": (1, ["stride_in_wrong_block"], changed(first=stride_of_the_stage, last={})),
    "stride_in_each_block": (
        1,
        ["stride_in_wrong_block"],
        changed(first=stride_of_the_stage, between=stride_of_the_stage),
    ),
    "stride_between": (1, ["stride_in_wrong_block"], changed(between=stride_of_the_stage, last={})),
    "no_stride": (1, ["wrong_strides"], changed(last={})),
    "stride_of_two_in_every_stage": (1, ["wrong_strides"], changed(last={"stride": 2})),
    "projection_everywhere": (
        1,
        ["projection_extra"],
        changed(between={"conv_shortcut": True}, last=lambda s: {"stride": s, "conv_shortcut": True}),
    ),
    "a_block_too_few": (1, ["wrong_depth"], other_depth(-1)),
    "a_block_too_many": (1, ["wrong_depth"], other_depth(1)),
    "one_block_for_all": (1, ["layer_shared"], one_block_for_all),
    "first_block_alone": (1, ["wrong_depth"], first_block_alone),
    "of_the_course": (0, ["borrowed"], lambda x, filters, blocks: resnet_v2.stack2(x, filters, blocks)),
    "relu_after_each_block": (
        1,
        ["relu_after_add"],
        lambda x, filters, blocks, stride1=2: layers.ReLU()(stack(x, filters, blocks, stride1)),
    ),
    "concatenated": (
        1,
        ["wrong_merge"],
        lambda x, filters, blocks, stride1=2: side_by_side(x, filters, blocks, stride1),
    ),
    "no_projection": (1, ["projection_missing"], changed(first={"conv_shortcut": False})),
    "returns_nothing": (0, ["returned_none"], lambda x, filters, blocks, stride1=2, name=None: None),
}


@pytest.mark.parametrize("name", WRONG_STACKS)
def test_each_mistake_in_a_stage_has_its_own_finding(name):
    points, codes, answer = WRONG_STACKS[name]
    result = check.stack2(answer)
    no_word_twice(result)
    assert (faults(result), result.points) == (codes, points), result


# A network, right and wrong: of the course's own stages, each part exchangeable.


def stem(x, use_bias, zeros=3, pool_zeros=1):
    x = conv(layers.ZeroPadding2D(zeros)(x), 64, 7, 2, bias=use_bias)
    return x, lambda x: layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(pool_zeros)(x) if pool_zeros else x)


def end(x, include_top, pooling, classes, activation):
    if include_top:
        return layers.Dense(classes, activation=activation)(ops.mean(x, axis=(1, 2)))
    pools = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}
    return pools[pooling]()(x) if pooling else x


def network(stem=stem, depths=(3, 4, 6, 3), stack=resnet_v2.stack2, stem_step=None, post=norm_relu, end=end):
    def ResNet50V2(
        include_top=True,
        preact=True,
        use_bias=True,
        input_shape=None,
        pooling=None,
        classes=1000,
        classifier_activation="softmax",
    ):
        inputs = layers.Input(input_shape or ((224, 224, 3) if include_top else (None, None, 3)))
        x, pool = stem(inputs, use_bias)
        x = pool((stem_step or (layers.Identity() if preact else norm_relu))(x))
        for stage, (filters, blocks) in enumerate(zip((64, 128, 256, 512), depths, strict=True)):
            x = stack(x, filters, blocks, stride1=1 if stage == 3 else 2)
        x = post(x) if preact else x
        return keras.Model(inputs, end(x, include_top, pooling, classes, classifier_activation))

    return ResNet50V2


def stack_of_own_blocks(x, filters, blocks, stride1=2, name=None):
    return stack_as_in_keras(x, filters, blocks, stride1, f"of_{filters}")


RIGHT_NETWORKS = {
    "of_the_courses_stages": network(),
    "of_own_blocks": network(stack=stack_of_own_blocks),
    "of_another_learners_blocks": network(stack=stack_in_one_loop),
    "padded_by_operations": network(
        stem=lambda x, use_bias: (
            conv(ops.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0))), 64, (7, 7), (2, 2), bias=use_bias),
            lambda x: layers.MaxPool2D(3, 2)(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))),
        )
    ),
}


@pytest.mark.parametrize("name", RIGHT_NETWORKS)
def test_right_networks_keep_every_point(name, capsys):
    result = check.run("resnet50v2", RIGHT_NETWORKS[name], hidden=name == "of_own_blocks")
    assert result.points == 5, result
    assert capsys.readouterr() == ("", "")


def stage(**parts):
    """A stage with another kind of block in some places."""
    return lambda x, filters, blocks, stride1=2: changed(**parts)(x, filters, blocks, stride1)


def little_stem(x, use_bias):
    return stem(x, use_bias, zeros=1)


def unpadded_pool(x, use_bias):
    return stem(x, use_bias, pool_zeros=0)


def always_a_top(x, include_top, pooling, classes, activation):
    return end(x, True, pooling, classes, activation)


def never_pooled(x, include_top, pooling, classes, activation):
    return end(x, include_top, None, classes, activation)


def of_a_thousand(x, include_top, pooling, classes, activation):
    return end(x, include_top, pooling, 1000, activation)


def flattened(x, include_top, pooling, classes, activation):
    return (
        layers.Dense(classes, activation=activation)(layers.Flatten()(x))
        if include_top
        else end(x, include_top, pooling, classes, activation)
    )


def always_stride_two(x, filters, blocks, stride1=2):
    return resnet_v2.stack2(x, filters, blocks)


def own_blocks_with_biases(x, filters, blocks, stride1=2):
    x = biases_everywhere(x, filters, conv_shortcut=True)
    for _ in range(2, blocks):
        x = biases_everywhere(x, filters)
    return biases_everywhere(x, filters, stride=stride1)


def raw_projections(x, filters, blocks, stride1=2):
    x = projection_of_the_input(x, filters, conv_shortcut=True)
    for _ in range(2, blocks):
        x = resnet_v2.block2(x, filters)
    return resnet_v2.block2(x, filters, stride=stride1)


WRONG_NETWORKS = {
    "depth_3453": (3, ["wrong_depth"], network(depths=(3, 4, 5, 3))),
    "depth_of_101_layers": (3, ["wrong_depth"], network(depths=(3, 4, 23, 3))),
    "last_stage_shrinks": (3, ["wrong_strides"], network(stack=always_stride_two)),
    "stride_in_the_first_block": (
        3,
        ["stride_in_wrong_block"],
        network(stack=stage(first=stride_of_the_stage, last={})),
    ),
    "raw_projections": (3, ["shortcut_before_preactivation"], network(stack=raw_projections)),
    "biases": (4, ["needless_bias"], network(stack=own_blocks_with_biases)),
    "stem_padding": (3, ["wrong_padding"], network(stem=little_stem)),
    "stem_activated_too": (3, ["extra_layer"], network(stem_step=norm_relu)),
    "pool_unpadded": (3, ["wrong_padding"], network(stem=unpadded_pool)),
    "no_post_activation": (3, ["post_activation_missing"], network(post=lambda x: x)),
    "post_relu_missing": (3, ["relu_missing"], network(post=layers.BatchNormalization())),
    "always_a_top": (3, ["wrong_pooling"], network(end=always_a_top)),
    "never_pooled": (3, ["wrong_pooling"], network(end=never_pooled)),
    "of_a_thousand_classes": (3, ["wrong_units"], network(end=of_a_thousand)),
    "flattened": (3, ["wrong_pooling"], network(end=flattened)),
    "of_the_course": (
        0,
        ["borrowed"],
        lambda include_top=True, input_shape=None, pooling=None, classes=1000: resnet_v2.ResNet50V2(
            include_top, True, True, input_shape, pooling, classes
        ),
    ),
    "of_the_library": (
        0,
        ["borrowed"],
        lambda include_top=True, input_shape=None, pooling=None, classes=1000: keras.applications.ResNet50V2(
            include_top, None, None, input_shape, pooling, classes
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG_NETWORKS)
def test_each_mistake_in_a_network_has_its_own_finding(name):
    points, codes, answer = WRONG_NETWORKS[name]
    result = check.resnet50v2(answer)
    no_word_twice(result)
    assert (faults(result), result.points) == (codes, points), result
