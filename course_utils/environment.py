"""The environment in which the course runs Keras."""

NOT_OURS = "TF_USE_LEGACY_KERAS", "KERAS_NNX_ENABLED", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"


def for_keras(environ):
    """Change the variables that Keras reads when it is imported: another course may have set them."""
    environ["KERAS_BACKEND"] = "tensorflow"
    for name in NOT_OURS:
        environ.pop(name, None)
