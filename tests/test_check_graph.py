"""The canonical graph and its first difference, by mutation: right ways are one graph, each mistake has its name."""

import functools
import json

import keras
import pytest
from block_variants import RIGHT, WRONG
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from course_utils.check.difference import differences, foremost
from course_utils.check.graph import Graph, Node, UnreadableConfig, canonical, trace
from course_utils.networks import resnet

REFERENCE = {
    "identity": lambda x, f, filters, s: resnet.identity_block(x, f, filters, 2, "a"),
    "projection": lambda x, f, filters, s: resnet.convolutional_block(x, f, filters, 2, "a", s),
}
PROBES = {"identity": [(5, (2, 4, 6), 1), (5, (6, 6, 6), 1)], "projection": [(5, (2, 4, 7), 3), (5, (6, 6, 6), 1)]}


def model(build, shape=(9, 8, 6)):
    x = keras.Input(shape)
    return keras.Model(x, build(x))


def graph(build, shape=(9, 8, 6)):
    return canonical(model(build, shape).to_json())


def block(function, f, filters, s):
    return graph(lambda x: function(x, f, filters, s))


@functools.cache
def reference(kind, probe):
    return block(REFERENCE[kind], *probe)


def compare(kind, function):
    """Answer and reference on the first probe that the answer can be built on."""
    for probe in PROBES[kind]:
        try:
            return block(function, *probe), reference(kind, probe)
        except ValueError:  # shapes that cannot be added
            continue
    raise AssertionError("no probe fits")


def first_difference(answer, expected):
    return foremost(differences(answer, expected))


VARIANTS = [(kind, name) for kind in RIGHT for name in RIGHT[kind]]
MISTAKES = [(kind, name) for kind in WRONG for name in WRONG[kind]]


@pytest.mark.parametrize(("kind", "name"), VARIANTS)
@pytest.mark.parametrize("f", [2, 5])
def test_right_ways_are_one_graph(kind, name, f):
    for filters, s in (((2, 4, 6), 1), ((2, 4, 6), 2 if kind == "projection" else 1)):
        expected = reference(kind, (f, filters, s))
        answer = block(RIGHT[kind][name], f, filters, s)
        assert answer == expected
        assert first_difference(answer, expected) is None


@pytest.mark.parametrize(("kind", "name"), MISTAKES)
def test_each_mistake_has_its_own_code(kind, name):
    function, code = WRONG[kind][name]
    answer, expected = compare(kind, function)
    assert answer != expected
    first = first_difference(answer, expected)
    assert first.code == code
    assert first.message[0].isupper()
    assert first.message[-1] in ".?"
    assert first.place
    assert first.expected != first.got


@pytest.mark.parametrize("kind", WRONG)
def test_a_graph_is_told_apart_whichever_is_the_reference(kind):
    """Symmetry: where one differs from the other, the other differs from the one."""
    for function, _ in WRONG[kind].values():
        answer, expected = compare(kind, function)
        assert differences(expected, answer)


def test_notes():
    notes = {name: block(RIGHT["identity"][name], 3, (2, 4, 6), 1).notes for name in RIGHT["identity"]}
    assert notes["always_training"] == {"always_training"}
    assert notes["without_bias"] == {"conv_without_bias"}
    assert notes["activations_as_arguments"] == {"dropout"}
    assert notes["plus_and_activation"] == set()


def test_training_reaches_the_layers_of_a_nested_model():
    def nested(x):
        inner = keras.Sequential([layers.Input(x.shape[1:]), layers.BatchNormalization()])
        return inner(x, training=False)

    calls = trace(model(nested).to_json()).calls
    assert [call.kwargs.get("training") for call in calls] == [None, False]


def test_a_softmax_over_the_pictures_is_another_one():
    def ends(last):
        return graph(lambda x: last(layers.Dense(4)(layers.Flatten()(x))))

    assert ends(layers.Softmax()) == ends(layers.Softmax(1)) == ends(ops.softmax)
    for last in layers.Softmax(0), functools.partial(ops.softmax, axis=0):
        assert ends(last) != ends(layers.Softmax())


# Words: the place is named, the line is not given away.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("saved_after_the_first_relu", "leaves after the first ReLU. It should carry what entered the block."),
        ("kernel_of_three", "With f=5 the second convolution still has a 3x3 kernel."),
        ("last_bn_missing", "The batch normalisation after the third convolution is missing."),
        ("no_bn_at_all", "The same holds in 2 more places."),
        ("main_path_added_to_itself", "the main path is added to itself"),
        ("elu", "ELU stands where the second ReLU belongs."),
    ],
)
def test_messages(name, words):
    function, _ = WRONG["identity"][name]
    assert words in first_difference(*compare("identity", function)).message


# Ways of writing a single step.


def test_padding_is_one_whatever_it_is_called():
    def zeros(top, bottom, f, s):
        return lambda x: layers.Conv2D(3, f, s)(layers.ZeroPadding2D(((top, bottom), (top, bottom)))(x))

    def same(f, s):
        return lambda x: layers.Conv2D(3, f, s, "same")(x)

    odd, even = (9, 9, 2), (8, 8, 2)
    assert graph(zeros(1, 1, 3, 1), odd) == graph(same(3, 1), odd)
    assert graph(zeros(1, 1, 3, 2), odd) == graph(same(3, 2), odd)
    assert graph(zeros(1, 1, 3, 2), even) != graph(same(3, 2), even)
    assert graph(zeros(0, 1, 3, 2), even) == graph(same(3, 2), even)
    assert graph(zeros(3, 3, 7, 2), even) == graph(zeros(3, 2, 7, 2), even)  # the last zeros are never read
    assert graph(zeros(3, 3, 7, 2), even) != graph(same(7, 2), even)
    assert graph(lambda x: layers.Conv2D(3, 1, 2, "same")(x)) == graph(lambda x: layers.Conv2D(3, 1, 2)(x))


def test_max_pooling_takes_zeros_for_padding_only_where_nothing_is_negative():
    def pool(before, padded):
        def build(x):
            x = layers.ReLU()(x) if before else x
            if padded:
                return layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
            return layers.MaxPooling2D(3, 2, "same")(x)

        return graph(build, (9, 9, 2))

    assert pool(True, True) == pool(True, False)
    assert pool(False, True) != pool(False, False)


def test_global_average_is_one_however_it_is_taken():
    ways = [
        lambda x: layers.GlobalAveragePooling2D()(x),
        lambda x: layers.Flatten()(layers.GlobalAveragePooling2D()(x)),
        lambda x: layers.Flatten()(layers.GlobalAveragePooling2D(keepdims=True)(x)),
        lambda x: layers.Flatten()(layers.AveragePooling2D((9, 8))(x)),
        lambda x: layers.Reshape((6,))(layers.AveragePooling2D((9, 8))(x)),
        lambda x: ops.mean(x, axis=(1, 2)),
        lambda x: ops.reshape(ops.mean(x, (1, 2), keepdims=True), (-1, 6)),
    ]
    assert all(graph(way) == graph(ways[0]) for way in ways)
    assert graph(lambda x: layers.AveragePooling2D((9, 8))(x)) != graph(ways[0])
    assert graph(lambda x: layers.Flatten()(layers.AveragePooling2D(2)(x))) != graph(ways[0])


def test_sequential_functional_and_nested_are_one():
    def stack():
        return [layers.Conv2D(4, 3), layers.ReLU(), layers.Flatten(), layers.Dense(2, activation="softmax")]

    def through(x, parts):
        for part in parts:
            x = part(x)
        return x

    functional = graph(lambda x: through(x, stack()))
    sequential = keras.Sequential([keras.Input((9, 8, 6)), *stack()])
    assert canonical(sequential.to_json()) == functional
    assert canonical(sequential.get_config()) == functional
    assert canonical(json.loads(sequential.to_json())) == functional
    assert graph(lambda x: keras.Sequential(stack())(x)) == functional
    assert graph(lambda x: keras.Sequential([keras.Sequential(stack())])(x)) == functional


def test_a_nested_model_called_twice_shares_its_layers():
    inner = keras.Sequential([layers.Conv2D(6, 3, padding="same"), layers.ReLU()])
    twice = graph(lambda x: inner(inner(x)))
    pair = graph(lambda x: layers.ReLU()(layers.Conv2D(6, 3, padding="same")(inner(x))))
    assert len(twice.shared()) == 1
    assert twice != pair
    assert first_difference(twice, pair).code == "layer_shared"
    assert first_difference(pair, pair) is None


def test_nested_functional_models_with_several_outputs():
    inputs = keras.Input((9, 8, 6))
    inner = keras.Model(inputs, [layers.Conv2D(6, 1)(inputs), layers.ReLU()(inputs)])
    x = keras.Input((9, 8, 6))
    a, b = inner(x)
    nested = canonical(keras.Model(x, [a + b, b]).to_json())
    flat_b = layers.ReLU()(x)
    assert nested == canonical(keras.Model(x, [layers.Conv2D(6, 1)(x) + flat_b, flat_b]).to_json())
    assert first_difference(nested, graph(lambda x: layers.Conv2D(6, 1)(x))).code == "wrong_outputs"


# A deep network: ResNet50 with fewer filters.

STAGES = (((4, 4, 16), 3, 1), ((8, 8, 32), 3, 2), ((16, 16, 64), 4, 2), ((32, 32, 128), 2, 2))


def stem(x, relu=True, padding="zeros"):
    x = layers.ZeroPadding2D(3)(x) if padding == "zeros" else x
    x = layers.Conv2D(4, 7, 2, padding="valid" if padding == "zeros" else padding)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def head(x, units=6, activation="softmax", pool=layers.AveragePooling2D):
    x = pool(2)(x) if pool else x
    return layers.Dense(units, activation=activation)(layers.Flatten()(x))


def deep(stem=stem, pool=layers.MaxPooling2D, padding="valid", stages=STAGES, head=head, identity=None, side=64):
    x = inputs = keras.Input((side, side, 3))
    x = pool(3, 2, padding)(stem(x))
    for stage, (filters, blocks, s) in enumerate(stages, start=2):
        x = resnet.convolutional_block(x, 3, filters, stage, "a", s)
        for letter in "bcdefgh"[: blocks - 1]:
            x = (identity or resnet.identity_block)(x, 3, filters, stage, letter)
    return canonical(keras.Model(inputs, head(x)).to_json())


@pytest.fixture(scope="module")
def expected():
    return deep()


def stages(number, filters=None, blocks=None, stride=None, more=None):
    """STAGES with something changed in one stage, numbered from two as in the paper."""
    result = list(STAGES if more is None else more)
    own = result[number - 2]
    result[number - 2] = tuple(
        old if new is None else new for old, new in zip(own, (filters, blocks, stride), strict=True)
    )
    return result


def plain(x, f, filters, stage, block):
    return layers.ReLU()(resnet._residual(x, f, filters, f"{stage}{block}_branch2"))


DEEP = [
    ("relu_missing", "the ReLU of the stem", {"stem": functools.partial(stem, relu=False)}),
    ("wrong_padding", "the convolution of the stem", {"stem": functools.partial(stem, padding="same")}),
    ("wrong_padding", "the convolution of the stem", {"stem": functools.partial(stem, padding="valid")}),
    ("wrong_pooling", "the max pooling of the stem", {"padding": "same"}),
    ("wrong_pooling", "the max pooling of the stem", {"pool": layers.AveragePooling2D}),
    ("wrong_depth", "stage 4", {"stages": stages(4, blocks=3)}),
    ("wrong_depth", "stage 4", {"stages": stages(4, blocks=6)}),
    ("wrong_depth", "stage 2", {"stages": stages(2, blocks=2)}),
    ("wrong_depth", "stage 5", {"stages": STAGES[:3]}),
    ("wrong_filters", "the second convolution of stage 3, block a", {"stages": stages(3, filters=(8, 4, 32))}),
    ("wrong_strides", "the first convolution of stage 3, block a", {"stages": stages(3, stride=1)}),
    (
        "wrong_strides",  # the number of parameters and the shape of the output are right
        "the first convolution of stage 2, block a",
        {"stages": stages(2, stride=2, more=stages(3, stride=1))},
    ),
    ("shortcut_missing", "the addition of stage 2, block b", {"identity": plain}),
    ("wrong_units", "the dense layer of the head", {"head": functools.partial(head, units=5)}),
    ("output_activation", "the softmax of the head", {"head": functools.partial(head, activation="sigmoid")}),
    ("output_activation", "the softmax of the head", {"head": functools.partial(head, activation=None)}),
    ("wrong_pooling", "the average pooling of the head", {"head": functools.partial(head, pool=None)}),
    ("wrong_pooling", "the average pooling of the head", {"head": functools.partial(head, pool=layers.MaxPooling2D)}),
    ("wrong_input_shape", "the input", {"side": 70}),
]


@pytest.mark.parametrize(("code", "place", "changes"), DEEP)
def test_a_deep_network_is_read_by_stage_and_block(code, place, changes, expected):
    found = first_difference(deep(**changes), expected)
    assert (found.code, found.place) == (code, place)


def test_one_mistake_in_a_block_is_told_once(expected):
    answer = deep(identity=plain)
    assert [d.code for d in differences(answer, expected)] == ["shortcut_missing"] * 8
    assert first_difference(answer, expected).more == 7
    shallow = differences(deep(stages=stages(4, blocks=3)), expected)
    assert [(d.code, d.expected, d.got) for d in shallow] == [("wrong_depth", "4 blocks", "3 blocks")]


@pytest.mark.parametrize("stage", [2, 3, 4, 5])
@pytest.mark.parametrize("more", [-1, 1])
def test_another_number_of_blocks_is_told_alone(stage, more, expected):
    """It is the last blocks that are too many or too few: the first one alone has a projection."""
    blocks = STAGES[stage - 2][1] + more
    found = differences(deep(stages=stages(stage, blocks=blocks)), expected)
    assert [(d.code, d.place) for d in found] == [("wrong_depth", f"stage {stage}")]


def test_another_number_of_blocks_in_every_stage(expected):
    for more in (-1, 1, 2):
        other = [(filters, blocks + more, stride) for filters, blocks, stride in STAGES]
        found = differences(deep(stages=other), expected)
        assert [(d.code, d.place) for d in found] == [("wrong_depth", f"stage {number}") for number in (2, 3, 4, 5)]


def test_missing_stages_are_told_together(expected):
    found = differences(deep(stages=STAGES[:2]), expected)
    assert (found[0].code, found[0].place, found[0].got) == ("wrong_depth", "stages 4 and 5", "0 blocks")
    assert found[0].message.startswith("Stages 4 and 5 are missing.")
    more = differences(deep(stages=[*STAGES, ((32, 32, 128), 2, 1)]), expected)
    assert [(d.code, d.place) for d in more] == [("wrong_depth", "stage 5")]


def test_resnet50_in_another_right_way():
    def another_head(x):
        return layers.Softmax()(layers.Dense(6)(layers.GlobalAveragePooling2D()(x)))

    def another_stem(x):
        return ops.relu(layers.BatchNormalization(epsilon=1e-5)(layers.Conv2D(64, 7, 2)(ops.pad(x, PADS))))

    PADS = ((0, 0), (3, 3), (3, 3), (0, 0))
    answer = deep(stages=resnet.STAGES, stem=another_stem, head=another_head)
    assert answer == canonical(resnet.ResNet50().to_json())


def test_headless_is_keras_applications():
    """Names, epsilon and spelling apart, the library's own graph."""
    library = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(96, 96, 3))
    assert canonical(library.to_json()) == canonical(resnet.resnet50_headless((96, 96, 3)).to_json())


def test_other_families_are_compared_too():
    def module(x, pool=True, branches=4, f=5, filters=6):
        paths = [
            layers.Conv2D(4, 1, activation="relu")(x),
            layers.Conv2D(5, 3, padding="same")(layers.Conv2D(2, 1, activation="relu")(x)),
            layers.Conv2D(filters, f, padding="same")(layers.Conv2D(2, 1, activation="relu")(x)),
            layers.Conv2D(3, 1)(layers.MaxPooling2D(3, 1, "same")(x) if pool else x),
        ]
        return layers.Concatenate()(paths[:branches])

    expected = graph(module)
    assert graph(module) == expected
    for code, changes in (
        ("wrong_pooling", {"pool": False}),
        ("branch_missing", {"branches": 3}),
        ("wrong_kernel_size", {"f": 3}),
        ("wrong_filters", {"filters": 7}),
    ):
        assert first_difference(graph(functools.partial(module, **changes)), expected).code == code
    versions = [
        canonical(build(weights=None, input_shape=(64, 64, 3), classes=4).to_json())
        for build in (keras.applications.ResNet50V2, keras.applications.ResNet50)
    ]
    assert differences(*versions)
    assert not differences(versions[0], versions[0])


# Configs that no honest model has.


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[]",
        "{}",
        '{"layers": 1}',
        '{"class_name": "Net", "config": {}}',
        {"layers": [{}]},
        "[" * 10_000,
        '"layers"',
    ],
)
def test_unreadable_configs(config):
    with pytest.raises(UnreadableConfig):
        canonical(config)


def test_models_that_multiply_are_bounded():
    """Thirty models, each calling the one inside it twice: a thousand million calls, refused at once."""
    x = keras.Input((4,))
    twice = keras.Sequential([keras.Input((4,)), layers.Dense(4)], name="inner")
    config = json.loads(keras.Model(x, twice(twice(x))).to_json())
    position = next(i for i, layer in enumerate(config["config"]["layers"]) if layer["name"] == "inner")
    for _ in range(30):
        outer = json.loads(json.dumps(config))
        nodes = outer["config"]["layers"][position]["inbound_nodes"]
        outer["config"]["layers"][position] = {**config, "name": "inner", "inbound_nodes": nodes}
        config = outer
    with pytest.raises(UnreadableConfig, match="more than"):
        trace(config)


def test_a_loop_is_refused():
    config = json.loads(model(lambda x: layers.ReLU(name="b")(layers.ReLU(name="a")(x))).to_json())
    first = config["config"]["layers"][1]
    first["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["b", 0, 0]
    with pytest.raises(UnreadableConfig, match="not connected"):
        trace(config)


def test_classes_of_ones_own_are_seen_as_such():
    class Conv2D(layers.Layer):
        def call(self, x):
            return x

    assert not graph(lambda x: Conv2D()(x)).count("conv")


LEAVES = st.none() | st.booleans() | st.integers(-3, 10**12) | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
BLOCK = json.loads(model(lambda x: resnet.convolutional_block(x, 3, (2, 2, 6), 2, "a")).to_json())


def paths(value, path=()):
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(item, (*path, key))


PATHS = list(paths(BLOCK))[1:]
BLOCK_GRAPH = canonical(BLOCK)


def spoiled(path, leaf):
    """The config of a block with one value replaced by another."""
    config = json.loads(json.dumps(BLOCK))
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = leaf
    return config


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PATHS), LEAVES)
def test_a_spoiled_config_is_read_or_refused(path, leaf):
    try:
        found = canonical(spoiled(path, leaf))
    except UnreadableConfig:
        return
    for difference in differences(found, BLOCK_GRAPH):
        assert difference.message


@pytest.mark.parametrize("outputs", ["", [], {}, [[]]])
def test_a_network_without_an_output_is_refused(outputs):
    with pytest.raises(UnreadableConfig, match="it has no output"):
        canonical(spoiled(("config", "output_layers"), outputs))


@st.composite
def graphs(draw):
    """Any graph at all, of few kinds of nodes so that two of them often resemble each other."""
    nodes = [Node("input", {"shape": (8, 8, 3)}, [])]
    for number in range(1, draw(st.integers(2, 14))):
        kind = draw(st.sampled_from(["conv", "norm", "activation", "add", "concat", "max_pool", "dense"]))
        count = draw(st.integers(2, 3)) if kind in ("add", "concat") else 1
        inputs = [draw(st.integers(max(0, number - 6), number - 1)) for _ in range(count)]
        params = {
            "conv": {"filters": draw(st.integers(1, 2)), "strides": (1, draw(st.integers(1, 2)))},
            "activation": {"function": draw(st.sampled_from(["relu", "elu", "softmax"]))},
            "max_pool": {"kernel": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))},
            "dense": {"units": draw(st.integers(1, 2)), "bias": True},
        }.get(kind, {})
        zeros = draw(st.sampled_from([((1, 1), (1, 1)), ((1, 0), (1, 0)), ((0, 1), (0, 1)), "same"]))
        params |= {"kernel": (3, 3), "padding": zeros} if kind == "conv" else {}
        padding = draw(st.sampled_from(["same", "valid", "zeros"]))
        layer = draw(st.sampled_from(["a", "b", str(number)]))
        nodes.append(Node(kind, params, inputs, layer, (None, 8, 8, 3), padding))
    return Graph(nodes, [len(nodes) - 1, *draw(st.lists(st.integers(0, len(nodes) - 1), max_size=1))])


@settings(max_examples=300, deadline=None)
@given(graphs(), graphs())
def test_any_two_graphs_can_be_compared(a, b):
    found = differences(a, b)
    assert bool(found) == (a != b)
    assert all(d.message and d.expected != d.got for d in found)
    assert not differences(a, a)
