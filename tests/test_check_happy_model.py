"""happy_model: right answers in many spellings keep every point, each mistake gets its own finding."""

import functools
import json

import keras
import numpy as np
import pytest
from answers import no_word_twice
from keras import layers, ops

from course_utils import check

RIGHT, WRONG = {}, {}


def right(function):
    RIGHT[function.__name__] = function
    return function


def wrong(code, points):
    def keep(function):
        WRONG[function.__name__] = function, code, points
        return function

    return keep


def stack(*rest):
    """A Sequential model on the pictures; its first layers, then `rest`."""
    return keras.Sequential([layers.Input((64, 64, 3)), layers.Conv2D(8, 3, strides=4, activation="relu"), *rest])


def plain(*rest):
    return keras.Sequential([layers.Input((64, 64, 3)), *rest])


def ending(*rest):
    return stack(layers.Flatten(), *rest)


FLOAT16 = "mixed_float16"


class Subclassed(keras.Model):
    def __init__(self, end=ops.sigmoid, inner=ops.relu, dtype=None):
        super().__init__(dtype=dtype)
        self.convolution = layers.Conv2D(8, 3, strides=4, dtype=dtype)
        self.flatten, self.dense = layers.Flatten(dtype=dtype), layers.Dense(1, dtype=dtype)
        self.end, self.inner = end, inner

    def call(self, x):
        return self.end(self.dense(self.flatten(self.inner(self.convolution(x)))))


def subclassed(**how):
    model = Subclassed(**how)
    model.build((None, 64, 64, 3))
    return model


# Right.


@right
def source(input_shape):
    X_input = layers.Input(input_shape)
    X = layers.ZeroPadding2D((3, 3))(X_input)
    X = layers.Conv2D(32, (7, 7), strides=(1, 1), name="conv0")(X)
    X = layers.BatchNormalization(axis=3, name="bn0")(X)
    X = layers.Activation("relu")(X)
    X = layers.MaxPooling2D((2, 2), name="max_pool")(X)
    X = layers.Flatten()(X)
    X = layers.Dense(1, activation="sigmoid", name="fc")(X)
    return keras.Model(inputs=X_input, outputs=X, name="HappyModel")


@right
def without_arguments():
    return ending(layers.Dense(1, activation="sigmoid"))


@right
def other_argument_names(shape, *, filters=4, activation="relu"):
    x = layers.Input(shape)
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(filters, 3, activation=activation)(x))
    return keras.Model(x, ops.sigmoid(layers.Dense(1)(y)))


@right
def subclass(input_shape):
    return subclassed()


@right
def subclass_built_and_compiled(input_shape):
    model = Subclassed(end=keras.activations.sigmoid, inner=keras.activations.gelu)
    model.build((None, *input_shape))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


class Itself(Subclassed):
    def __init__(self, input_shape):
        super().__init__()
        self.build((None, *input_shape))


RIGHT["the_class_itself"] = Itself


@right
def lenet_with_sigmoids(input_shape):
    sigmoid = {"activation": "sigmoid"}
    return plain(
        layers.Conv2D(6, 5, **sigmoid),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, **sigmoid),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, **sigmoid),
        layers.Dense(84, **sigmoid),
        layers.Dense(1, **sigmoid),
    )


@right
def preprocessing_inside(input_shape):
    return plain(
        layers.Rescaling(1 / 255),
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.Conv2D(8, 3),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Dropout(0.5),
        layers.GlobalAveragePooling2D(),
        layers.Dense(1),
        layers.Activation("sigmoid"),
    )


@right
def zero_head(input_shape):
    return ending(layers.Dense(1, activation="sigmoid", kernel_initializer="zeros"))


@right
def one_number_a_picture(input_shape):
    model = source(input_shape)
    return keras.Model(model.input, model.output[:, 0])


@right
def with_a_lambda(input_shape):
    root = layers.Lambda(ops.sqrt)  # of a negative number it would be NaN; pictures have none
    return plain(root, layers.Conv2D(8, 3, strides=4, activation="elu"), layers.Flatten(), *sigmoid_head())


def sigmoid_head():
    return layers.Dense(16, activation=layers.LeakyReLU()), layers.Dense(1, activation="sigmoid")


@right
def mixed_precision(input_shape):
    def again(layer):
        return type(layer).from_config(layer.get_config() | {"dtype": FLOAT16})

    return keras.models.clone_model(source(input_shape), clone_function=again)


@right
def mixed_precision_subclass(input_shape):
    return subclassed(dtype=FLOAT16)


@right
def only_pooling_bends(input_shape):
    return plain(layers.Conv2D(4, 3), layers.MaxPooling2D(4), layers.Flatten(), layers.Dense(1, "sigmoid"))


@right
def deep(input_shape):
    stages = [layers.Conv2D(8, 3, padding="same", activation="tanh") for _ in range(12)]
    return plain(layers.MaxPooling2D(4), *stages, layers.Flatten(), layers.Dense(1, activation="sigmoid"))


@right
def fading(input_shape):
    """Six layers that make whatever passes them a thousand times smaller."""
    stages = [layer for _ in range(6) for layer in (layers.Conv2D(4, 1, activation="silu"), layers.Rescaling(1e-3))]
    return stack(*stages, layers.Flatten(), layers.Dense(1, activation="sigmoid"))


@right
def exploding(input_shape):
    return plain(layers.Rescaling(255), *[layers.Conv2D(4, 3, activation="relu")], layers.Flatten(), *sigmoid_head())


@right
def own_layer(input_shape):
    class Head(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 1), initializer="zeros")
            self.b = self.add_weight(shape=(1,))

        def call(self, x):
            return ops.sigmoid(x @ self.w + self.b)

    return ending(Head())


@right
def mean_of_many(input_shape):
    x = layers.Input(input_shape)
    y = layers.Dense(8)(layers.Flatten()(layers.Conv2D(4, 3, strides=4, activation="relu")(x)))
    return keras.Model(x, ops.sigmoid(ops.mean(y, axis=1, keepdims=True)))


def handed_on(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@right
@handed_on
def decorated(input_shape):
    return source(input_shape)


@right
def prints_and_warns(input_shape):
    import warnings

    print("→ building", "\udce4")
    warnings.warn("this is slow", UserWarning, stacklevel=1)
    return source(input_shape)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_keeps_all_points(name):
    result = check.happy_model(RIGHT[name])
    assert (result.points, result.status) == (6, "ok"), result
    graded = check.run("happy_model", RIGHT[name], hidden=True, seed=7)
    assert graded.points == 6, graded


def test_words_with_a_right_answer():
    assert "as (n,)" in str(check.happy_model(one_number_a_picture))


# Wrong.


@wrong("softmax_of_one", 3)
def softmax(input_shape):
    return ending(layers.Dense(1, activation="softmax"))


@wrong("softmax_of_one", 3)
def softmax_subclass():
    return subclassed(end=ops.softmax)


@wrong("logits", 5)
def logits(input_shape):
    return ending(layers.Dense(1))


@wrong("logits", 5)
def logits_subclass(input_shape):
    return subclassed(end=lambda x: x)


@wrong("end_activation", 4)
def relu_at_the_end(input_shape):
    return ending(layers.Dense(1, activation="relu"))


@wrong("end_activation", 4)
def tanh_at_the_end(input_shape):
    return ending(layers.Dense(1), layers.Activation("tanh"))


@wrong("end_activation", 4)
def softplus_in_a_subclass(input_shape):
    return subclassed(end=ops.softplus)


@wrong("end_activation", 4)
def tanh_in_a_subclass(input_shape):
    return subclassed(end=ops.tanh)


@wrong("clipped", 4)
def clipped(input_shape):
    return ending(layers.Dense(1), layers.ReLU(max_value=1))


@wrong("one_sided", 4)
def relu_before_the_sigmoid(input_shape):
    return ending(layers.Dense(1, activation="relu"), layers.Activation("sigmoid"))


@wrong("two_outputs", 5)
def two_classes(input_shape):
    model = ending(layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@wrong("no_input", 5)
def not_built_yet(input_shape):
    convolution = layers.Conv2D(8, 3, activation="relu")
    return keras.Sequential([convolution, layers.GlobalMaxPooling2D(), layers.Dense(1, activation="sigmoid")])


@wrong("no_input", 5)
def subclass_not_built_yet(input_shape):
    return Subclassed()


WRONG["the_class_not_built_yet"] = Subclassed, "no_input", 5


@wrong("two_outputs", 3)
def two_sigmoids(input_shape):
    return ending(layers.Dense(2, activation="sigmoid"))


@wrong("two_outputs", 3)
def two_logits(input_shape):
    return ending(layers.Dense(2))


@wrong("loss", 5)
def compiled_with_a_loss_of_classes(input_shape):
    model = source(input_shape)
    model.compile(loss="categorical_crossentropy")
    return model


@wrong("linear", 5)
def no_activation(input_shape):
    return plain(
        layers.Conv2D(8, 3),
        layers.BatchNormalization(),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(32),
        layers.Dense(1, activation="sigmoid"),
    )


@wrong("linear", 5)
def logistic_regression(input_shape):
    return plain(layers.Flatten(), layers.Dense(1, activation="sigmoid"))


@wrong("linear", 5)
def deep_and_linear(input_shape):
    stages = [layers.Conv2D(8, 3) for _ in range(6)]
    return plain(layers.Rescaling(1 / 255), *stages, layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid"))


@wrong("linear", 5)
def linear_subclass(input_shape):
    return subclassed(inner=lambda x: 2 * x)


@wrong("linear", 5)
def linear_subclass_in_float16(input_shape):
    return subclassed(inner=lambda x: 2 * x, dtype=FLOAT16)


@wrong("ignores_input", 5)
def ignores_its_input(input_shape):
    x = layers.Input(input_shape)
    y = layers.Dense(8, activation="relu")(ops.zeros_like(layers.Flatten()(x)))
    return keras.Model(x, layers.Dense(1, activation="sigmoid")(y))


@wrong("ignores_input", 5)
def ignores_its_input_subclass(input_shape):
    return subclassed(inner=ops.ones_like)


@wrong("nothing_to_train", 5)
def frozen(input_shape):
    model = source(input_shape)
    model.trainable = False
    return model


@wrong("nan", 3)
def nan(input_shape):
    return plain(layers.Lambda(lambda x: ops.log(x - 10)), layers.Flatten(), layers.Dense(1, activation="sigmoid"))


@wrong("input_shape", 1)
def smaller_pictures(input_shape):
    return keras.Sequential([layers.Input((32, 32, 3)), layers.GlobalMaxPooling2D(), layers.Dense(1, "sigmoid")])


@wrong("input_shape", 1)
def flat_pictures(input_shape):
    return keras.Sequential([layers.Input((64 * 64 * 3,)), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])


@wrong("output_units", 2)
def six_classes(input_shape):
    return ending(layers.Dense(6, activation="softmax"))


@wrong("output_not_flat", 2)
def no_flatten(input_shape):
    return stack(layers.Dense(1, activation="sigmoid"))


@wrong("several_outputs", 2)
def two_heads(input_shape):
    model = source(input_shape)
    return keras.Model(model.input, [model.output, layers.Dense(1, "sigmoid")(model.layers[-2].output)])


@wrong("output_not_per_picture", 2)
def mean_of_the_batch(input_shape):
    return subclassed(end=lambda x: ops.mean(ops.sigmoid(x)))


GLOBAL = source((64, 64, 3))


@wrong("global_model", 0)
def returns_a_global(input_shape):
    model = stack(layers.Flatten(), layers.Dense(1))  # noqa: F841
    return GLOBAL


HEAD = layers.Dense(1, activation="sigmoid")


@wrong("shared_weights", 5)
def global_layer(input_shape):
    return ending(HEAD)


@wrong("returned_none", 0)
def no_return(input_shape):
    source(input_shape)


@wrong("returned_none", 0)
def returns_what_compile_returns(input_shape):
    return source(input_shape).compile("adam", "binary_crossentropy")


@wrong("returned_tensor", 0)
def returns_a_tensor(input_shape):
    return layers.Flatten()(layers.Input(input_shape))


@wrong("returned_class", 0)
def returns_a_class(input_shape):
    return Subclassed


@wrong("not_a_model", 0)
def returns_an_array(input_shape):
    return np.zeros(input_shape)


@wrong("not_a_model", 0)
def returns_a_list(input_shape):
    return [source(input_shape)]


@wrong("arguments", 0)
def asks_for_more(input_shape, classes):
    return source(input_shape)


@wrong("exception", 0)
def misspelt(input_shape):
    return layers.Conv2d(8)


@wrong("exception", 0)
def leaves(input_shape):
    raise SystemExit("goodbye")


@wrong("exception", 1)
def stops_when_run(input_shape):
    return Subclassed(inner=lambda x: x.no_such_thing)


@wrong("exception", 0)
def works_once(input_shape, calls=[]):  # noqa: B006
    calls.append(1)
    if len(calls) > 1:
        raise ValueError("Layer conv0 exists already")
    return source(input_shape)


@wrong("recursion", 0)
def without_end(input_shape):
    return without_end(input_shape)


WRONG["a_model"] = GLOBAL, "not_a_function", 0
WRONG["none"] = None, "not_a_function", 0
WRONG["a_number"] = 3, "not_a_function", 0


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_gets_its_own_finding(name):
    answer, code, points = WRONG[name]
    result = check.happy_model(answer)
    no_word_twice(result)
    failed = [finding for finding in result.findings if not finding.passed]
    assert [f.code for f in failed if f.code != "not_reached"] == [code], result
    assert result.points == points
    assert len(result.findings) == 6
    assert failed[0].message.endswith((".", "?"))
    if name in ("softmax", "logits", "clipped", "linear_subclass", "six_classes", "returns_a_global"):
        assert check.run("happy_model", answer, hidden=True, seed=5).points == points


def test_an_answer_that_depends_on_the_batch_is_found_at_grading():
    def HappyModel(input_shape):
        model = Subclassed()
        model.norm = layers.BatchNormalization()
        model.inner = lambda x: ops.relu(model.norm(x, training=True))
        model.build((None, *input_shape))
        return model

    assert check.happy_model(HappyModel).points == 6
    graded = check.run("happy_model", HappyModel, hidden=True)
    assert [finding.code for finding in graded.findings if not finding.passed] == ["batch_dependent"]


# What is never allocated, and what is left as it was.


@pytest.mark.parametrize("lazy", [False, True])
def test_a_huge_model_is_refused_before_its_weights_are_made(lazy):
    made = []

    def initializer(shape, dtype=None):
        made.append(shape)
        return ops.zeros((1, 1))

    def HappyModel(input_shape):
        huge = [layers.Flatten(), layers.Dense(100_000, kernel_initializer=initializer), layers.Dense(1)]
        try:
            return keras.Sequential(huge) if lazy else plain(*huge)
        except BaseException:
            return None  # whoever swallows it gains nothing

    result = check.happy_model(HappyModel)
    assert result.findings[0].code == "too_large"
    assert (result.points, made) == (0, [])
    assert "1,228,800,000" in result.findings[0].got


def test_trained_weights_and_the_optimizer_stay_as_they_are():
    x, y = np.random.default_rng(0).random((8, 64, 64, 3), dtype="float32"), np.arange(8) % 2
    base = Subclassed()
    base.compile("adam", "binary_crossentropy")
    base.fit(x, y, verbose=0)
    trained = [w.numpy() for w in base.weights + base.optimizer.variables]

    def HappyModel(input_shape):
        return keras.Sequential([base])  # a new model each time, of the same weights

    calls = 0

    def breaks_off(input_shape):
        nonlocal calls

        def inner(x):
            nonlocal calls
            calls += 1
            if calls > 2:
                raise KeyboardInterrupt
            return x

        return keras.Sequential([base, layers.Lambda(inner)])

    assert "shared_weights" in [finding.code for finding in check.happy_model(HappyModel).findings]
    with pytest.raises(KeyboardInterrupt):
        check.happy_model(breaks_off)
    assert check.happy_model(lambda: base).findings[0].code == "global_model"
    for before, after in zip(trained, base.weights + base.optimizer.variables, strict=True):
        np.testing.assert_array_equal(before, after.numpy())


def test_random_numbers_go_on_where_they_were(capsys):
    np.random.seed(0)
    expected = np.random.RandomState(0).rand(3)
    check.happy_model(prints_and_warns)
    np.testing.assert_array_equal(np.random.rand(3), expected)
    assert capsys.readouterr() == ("", "")


# Evidence and judgement are apart.


def plain_data(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain_data(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(plain_data, value))
    if type(value) is np.ndarray:
        return value.dtype.kind in "fiub"
    return json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("answer", [source, subclass, with_a_lambda, misspelt, two_heads, asks_for_more, GLOBAL, nan])
def test_evidence_is_plain_data(answer):
    assert plain_data(check.collect("happy_model", answer, hidden=True))


def test_claimed_answers_do_not_help_where_the_network_can_be_rebuilt():
    evidence = check.collect("happy_model", lambda: functional(logits(None)))
    claimed = check.collect("happy_model", source)["probes"][0]["answers"]
    evidence["probes"][0]["answers"] = claimed
    found = {finding.code for finding in check.conclude("happy_model", evidence).findings}
    assert "logits" in found
    assert "logits" not in {f.code for f in check.conclude("happy_model", without_config(evidence)).findings}


def functional(model):
    return keras.Model(model.inputs[0], model.outputs[0])


def without_config(evidence):
    (probe,) = evidence["probes"]
    return evidence | {"probes": [probe | {"model": probe["model"] | {"config": None}}]}
