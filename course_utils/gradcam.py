"""Where does a network look? Grad-CAM, and occlusion as its check. Notebook 05 writes both on its page, in short."""

import keras
import numpy as np
import tensorflow as tf
from scipy.stats import rankdata


def feature_maps(model, height=None):
    """The last feature maps of a model, more than one place each, or the last ones of this height.

    model: functional or sequential. Returns a symbolic tensor (None, h, w, channels). Raises ValueError where there are
    none.
    """
    by_depth = getattr(model, "_functional", model)._nodes_by_depth  # from the outputs, 0, to the inputs
    for depth in sorted(by_depth):
        for tensor in (tensor for node in by_depth[depth] for tensor in node.outputs):
            if len(tensor.shape) == 4 and (tensor.shape[1] != 1 if height is None else tensor.shape[1] == height):
                return tensor
    raise ValueError(f"the model has no feature maps{'' if height is None else f' that are {height} pixels high'}")


def grad_cam(model, maps, pictures, classes):
    """Which places of a picture speak for a class: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391).

    model: a functional or sequential model that ends with a dense layer, whose softmax or sigmoid may follow as a layer
    of its own; of several outputs the first one counts. maps: its feature maps, a symbolic tensor (None, h, w,
    channels): see feature_maps. pictures: (n, height, width, channels) as the model takes them; classes: n class
    numbers, 0 or 1 where the model has one output. Returns an array (n, h, w): each map from 0 to 1, or all zeros where
    no place speaks for the class. Raises ValueError for a model that ends otherwise.
    """
    head, features = _head(model)
    both = keras.Model(model.inputs, [maps, features])
    pictures = tf.cast(np.asarray(pictures), "float32")
    with tf.GradientTape() as tape:
        tape.watch(pictures)  # else a network whose weights are frozen leaves no trace
        found, features = both(pictures, training=False)
        scores = features @ head.kernel + (0 if head.bias is None else head.bias)  # before the softmax or the sigmoid
        if scores.shape[-1] == 1:
            scores = tf.concat([-scores, scores], axis=-1)
        score = tf.gather(scores, np.asarray(classes), batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(score, found), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * found, axis=-1)).numpy()
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)


def _head(model):
    """The dense layer at the end of a model, and the symbolic tensor that it takes."""
    tensor = model.outputs[0]
    while True:
        operation, call, _ = tensor._keras_history
        node = operation._inbound_nodes[call]
        if isinstance(operation, keras.layers.Dense):
            return operation, node.input_tensors[0]
        if type(operation).__name__ not in ("Activation", "Softmax", "Sigmoid"):
            kind = type(operation).__name__
            raise ValueError(f"the model ends with {operation.name}, a {kind}: Grad-CAM needs a dense layer there")
        tensor = node.input_tensors[0]


def occlusion(model, picture, label, side, step, grey=0.5):
    """By how much a grey square lowers the probability of a class, place by place (Zeiler and Fergus 2013).

    model: as for grad_cam; picture: (height, width, channels) as the model takes it, with values whose middle is
    `grey`; label: a class number. The square has `side` pixels and moves by `step`. Returns an array (height, width):
    at each pixel the mean over the squares that cover it, nan where none does; negative where the square helps.
    """
    height, width, _ = picture.shape
    corners = [(y, x) for y in range(0, height - side + 1, step) for x in range(0, width - side + 1, step)]
    hidden = np.repeat(picture[None], len(corners) + 1, axis=0)
    for one, (y, x) in zip(hidden, corners, strict=False):
        one[y : y + side, x : x + side] = grey
    answers = model(hidden, training=False)
    answers = np.asarray(answers[0] if isinstance(answers, list | tuple) else answers)
    if answers.shape[1] == 1:
        answers = np.hstack([1 - answers, answers])
    *with_square, without = answers[:, label]
    lost, squares = np.zeros((height, width)), np.zeros((height, width))
    for probability, (y, x) in zip(with_square, corners, strict=True):
        lost[y : y + side, x : x + side] += without - probability
        squares[y : y + side, x : x + side] += 1
    return np.divide(lost, squares, out=np.full_like(lost, np.nan), where=squares > 0)


def agreement(heat, lost):
    """Spearman's rank correlation of two maps of one picture: 1 if they put all places in the same order, 0 by chance.

    heat: (h, w); lost: (height, width), to whose size the other one is enlarged; where it is nan nothing is compared.
    nan comes back where one of the maps is the same everywhere.
    """
    larger = keras.ops.image.resize(np.asarray(heat, "float32")[..., None], lost.shape, interpolation="bilinear")
    known = ~np.isnan(lost)
    ranks = [rankdata(values) for values in (np.asarray(larger)[known, 0], lost[known])]
    if min(np.ptp(values) for values in ranks) == 0:
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])
