"""The networks on Keras' other backend: what they answer is what they answer on TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import networks_elsewhere
import numpy as np
import pytest


@pytest.fixture(scope="module")
def on_torch(tmp_path_factory):
    pytest.importorskip("torch", reason="PyTorch is not installed: make torch")
    folder = tmp_path_factory.mktemp("torch")
    file = folder / "answers.npz"
    command = [sys.executable, Path(__file__).with_name("networks_elsewhere.py"), file]
    more = {"KERAS_BACKEND": "torch", "TORCHINDUCTOR_CACHE_DIR": str(folder)}  # which is else made in /tmp
    subprocess.run(command, env=os.environ | more, check=True, capture_output=True, timeout=300)
    return np.load(file)


@pytest.mark.parametrize("name", networks_elsewhere.NETWORKS)
def test_answers_and_a_step_are_those_on_tensorflow(on_torch, name):
    probabilities, loss = networks_elsewhere.answers(name)
    assert np.ptp(probabilities) > 1e-3  # it tells classes apart
    assert np.allclose(on_torch[name], probabilities, atol=1e-4)
    place = list(networks_elsewhere.NETWORKS).index(name)
    assert np.isclose(on_torch["loss"][place], loss, rtol=1e-3)
