"""Training with a word about how far it is."""

import re
import time

import keras


class Progress(keras.callbacks.Callback):
    """One line that is written anew with each epoch: how far, how long, and the latest numbers.

    of: the name of an output, where a model has several: only its numbers are told.
    """

    def __init__(self, label="", of=None):
        super().__init__()
        self.label = f"{label}: " if label else ""
        self.of = of

    def on_train_begin(self, logs=None):
        self.started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        if self.of:  # val_main_accuracy -> val_accuracy, but nothing of main_2_accuracy
            found = {re.fullmatch(f"(val_)?{re.escape(self.of)}_([a-z]+)", name): value for name, value in logs.items()}
            logs = {(match[1] or "") + match[2]: value for match, value in found.items() if match}
        numbers = " - ".join(f"{name} {value:.3f}" for name, value in logs.items() if name != "learning_rate")
        seconds = time.monotonic() - self.started
        print(
            f"\r{self.label}epoch {epoch + 1}/{self.params['epochs']} - {seconds:.0f} s - {numbers}", end="", flush=True
        )

    def on_train_end(self, logs=None):
        print()
