"""The moving statistics of batch normalisation, where they lag behind the weights."""

import keras


def batch_norm_layers(model):
    """Every BatchNormalization of a model, in order, those inside its blocks and nested models too."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]


def recalibrate_batch_norm(model, batches, momentum=0.5):
    """Estimate the moving statistics of batch normalisation again; no other weight is touched.

    batches: an iterable of pictures (batch, height, width, channels) as the model takes them, or of tuples that
    begin with them. Each is shown to the model once in training mode, without a gradient, and moves the averages by
    1 - momentum. The layers' own momentum is put back afterwards.
    """
    norms = batch_norm_layers(model)
    before = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = momentum
        for batch in batches:
            model(batch[0] if isinstance(batch, tuple | list) else batch, training=True)
    finally:
        for norm, own in zip(norms, before, strict=True):
            norm.momentum = own
