"""Training with a word about how far it is."""

import time

import keras


class Progress(keras.callbacks.Callback):
    """One line that is written anew with each epoch: how far, how long, and the latest numbers."""

    def __init__(self, label=""):
        super().__init__()
        self.label = f"{label}: " if label else ""

    def on_train_begin(self, logs=None):
        self.started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        numbers = " - ".join(f"{name} {value:.3f}" for name, value in logs.items() if name != "learning_rate")
        seconds = time.monotonic() - self.started
        print(
            f"\r{self.label}epoch {epoch + 1}/{self.params['epochs']} - {seconds:.0f} s - {numbers}", end="", flush=True
        )

    def on_train_end(self, logs=None):
        print()
