"""Names of older courses and books that Keras 3 and TensorFlow 2 do not know, and what does the same today."""

import re

TODAY = {  # of modules, and of what is in them: the longest name that fits is meant
    "keras.layers.merge": "keras.layers.Add or keras.layers.Concatenate (keras.layers.add, keras.layers.concatenate)",
    "keras.layers.Merge": "keras.layers.Add or keras.layers.Concatenate",
    "keras.layers.normalization": "keras.layers.BatchNormalization",
    "keras.layers.convolutional": "the same layer in keras.layers, such as keras.layers.Conv2D",
    "keras.layers.pooling": "the same layer in keras.layers, such as keras.layers.MaxPooling2D",
    "keras.layers.core": "the same layer in keras.layers, such as keras.layers.Dense",
    "keras.layers.advanced_activations": "the same layer in keras.layers, such as keras.layers.LeakyReLU",
    "keras.layers.noise": "the same layer in keras.layers, such as keras.layers.GaussianNoise",
    "keras.layers.embeddings": "keras.layers.Embedding",
    "keras.layers.recurrent": "the same layer in keras.layers, such as keras.layers.LSTM",
    "keras.layers.wrappers": "the same layer in keras.layers, such as keras.layers.TimeDistributed",
    "keras.layers.experimental": "the same layer in keras.layers, such as keras.layers.Rescaling",
    "keras.layers.CuDNNLSTM": "keras.layers.LSTM",
    "keras.layers.CuDNNGRU": "keras.layers.GRU",
    "keras.engine": "keras.Model, keras.Input, keras.layers.Layer or keras.layers.InputSpec",
    "keras.objectives": "keras.losses",
    "keras.losses.Reduction": 'a word, such as reduction="sum"',
    "keras.initializations": "keras.initializers",
    "keras.initializers.normal": "keras.initializers.RandomNormal",
    "keras.initializers.uniform": "keras.initializers.RandomUniform",
    "keras.optimizers.adam": "keras.optimizers.Adam",
    "keras.optimizers.adam_v2": "keras.optimizers.Adam",
    "keras.optimizers.sgd": "keras.optimizers.SGD",
    "keras.optimizers.gradient_descent_v2": "keras.optimizers.SGD",
    "keras.optimizers.rmsprop": "keras.optimizers.RMSprop",
    "keras.optimizers.rmsprop_v2": "keras.optimizers.RMSprop",
    "keras.optimizers.legacy": "the same optimizer in keras.optimizers, such as keras.optimizers.Adam",
    "keras.optimizers.experimental": "the same optimizer in keras.optimizers, such as keras.optimizers.Adam",
    "keras.callbacks.callbacks": "keras.callbacks",
    "keras.preprocessing.image": (
        "keras.utils.image_dataset_from_directory for files, and layers such as keras.layers.RandomFlip"
    ),
    "keras.preprocessing.text": "keras.layers.TextVectorization",
    "keras.utils.np_utils": "keras.utils.to_categorical",
    "keras.utils.vis_utils": "keras.utils.plot_model or keras.utils.model_to_dot",
    "keras.utils.data_utils": "keras.utils.get_file",
    "keras.utils.io_utils": "h5py",
    "keras.utils.generic_utils": "keras.utils.Progbar or keras.utils.get_custom_objects",
    "keras.utils.training_utils": "tf.distribute.MirroredStrategy",
    "keras.utils.multi_gpu_model": "tf.distribute.MirroredStrategy",
    "keras.wrappers.scikit_learn": "keras.wrappers.SKLearnClassifier",
    "keras.applications.resnet_v1": "keras.applications.resnet",
    "keras.backend": "a function of keras.ops",
    "keras.backend.dot": "keras.ops.matmul",
    "keras.backend.int_shape": "the tensor's own shape",
    "keras.backend.variable": "keras.Variable",
    "keras.backend.placeholder": "keras.Input",
    "keras.backend.function": "keras.Model",
    "keras.backend.gradients": "tf.GradientTape",
    "keras.backend.resize_images": "keras.ops.image.resize",
    "keras.backend.image_dim_ordering": "keras.config.image_data_format",
    "keras.backend.set_image_dim_ordering": "nothing: the course works with channels last, as Keras does by itself",
    "keras.backend.learning_phase": "the argument training of a call",
    "keras.backend.set_learning_phase": "the argument training of a call",
    "keras.backend.get_session": "nothing: numbers are computed at once",
    "keras_applications": "keras.applications",
    "keras_preprocessing": "keras.utils.image_dataset_from_directory",
    "tensorflow.python.keras": "keras instead of tensorflow.python.keras",
    "tensorflow.contrib": "keras",
    "tensorflow.layers": "keras.layers",
    "tensorflow.placeholder": "keras.Input",
    "tensorflow.Session": "nothing: numbers are computed at once",
    "tensorflow.get_default_graph": "nothing: numbers are computed at once",
    "tensorflow.reset_default_graph": "nothing: numbers are computed at once",
    "tensorflow.global_variables_initializer": "nothing: numbers are computed at once",
    "tensorflow.set_random_seed": "keras.utils.set_random_seed",
    "tensorflow.random_normal": "tf.random.normal",
    "tensorflow.random_uniform": "tf.random.uniform",
    "tensorflow.truncated_normal": "tf.random.truncated_normal",
    "tensorflow.log": "tf.math.log",
    "tensorflow.train.AdamOptimizer": "keras.optimizers.Adam",
    "tensorflow.train.GradientDescentOptimizer": "keras.optimizers.SGD",
    "tensorflow.train.MomentumOptimizer": "keras.optimizers.SGD",
}
ARGUMENTS = {
    "lr": "learning_rate",
    "nb_epoch": "epochs",
    "samples_per_epoch": "steps_per_epoch",
    "nb_filter": "filters",
    "nb_row": "kernel_size",
    "nb_col": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "dim_ordering": "data_format",
    "output_dim": "units",
    "init": "kernel_initializer",
    "bias": "use_bias",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "mode": "nothing",
    "p": "rate",
    "input": "inputs",
    "output": "outputs",
    "period": "save_freq",
    "batch_input_shape": "keras.Input with batch_shape, before the layer,",
}
ATTRIBUTES = {  # of models, layers, optimizers and tensors
    "fit_generator": "fit",
    "evaluate_generator": "evaluate",
    "predict_generator": "predict",
    "predict_classes": "predict, and the argmax of what it gives",
    "predict_proba": "predict",
    "get_output_at": "output",
    "get_input_at": "input",
    "get_output_shape_at": "output.shape",
    "_keras_shape": "shape",
    "lr": "learning_rate",
}


def todays_name(text, source="", through=None):
    """ " Today: keras.layers.BatchNormalization." for an exception that an old name leads to, or nothing.

    text: the exception's own. source: the line that it stops in. through: the old package that it came out of.
    """
    today = TODAY.get(through) or _of_arguments(text, source) or _of_attribute(text) or _of_module(text)
    return f" Today: {today}." if today else ""


def _of_arguments(text, source):
    """ "learning_rate instead of lr", for each argument of a layer or an optimizer that it does not know."""
    if found := re.search(
        r"(?:Unrecognized keyword arguments passed to \w+|Argument\(s\) not recognized): \{(.*)", text
    ):
        names = re.findall(r"'(\w+)':", found[1])
    elif re.search(r"__init__\(\) missing \d+ required positional argument", text):
        names = re.findall(r"\b(\w+)\s*=", source)
    else:
        names = re.findall(r"unexpected keyword argument '(\w+)'", text)
        names = [name for name in names if name not in WORDS]
    names = [name for name in dict.fromkeys(names) if name in ARGUMENTS]
    return " and ".join(f"{ARGUMENTS[name]} instead of {name}" for name in names)


WORDS = "bias", "mode", "p", "input", "output", "init", "period"  # a student's own function may have such an argument


def _of_attribute(text):
    found = re.search(r"object has no attribute '(\w+)'", text)
    return ATTRIBUTES.get(found[1]) if found else None


def _of_module(text):
    if "tensorflow.python.keras" in text:
        return TODAY["tensorflow.python.keras"]
    if found := re.search(r"No module named '([\w.]+)'|`([\w.]+)` is not supported in Keras 3", text):
        name = found[1] or found[2]
    elif found := re.search(r"cannot import name '(\w+)' from '([\w.]+)'", text):
        name = f"{found[2]}.{found[1]}"
    elif found := re.search(r"module '([\w.]+)' has no attribute '(\w+)'", text):
        name = f"{found[1]}.{found[2]}"
    else:
        return None
    name = name.replace("tensorflow._api.v2.", "tensorflow.")
    name = re.sub(r"^(keras\._tf_keras|tensorflow)\.keras\b", "keras", name)
    while name and name not in TODAY:
        name = name.rpartition(".")[0]
    return TODAY.get(name)
