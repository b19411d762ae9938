"""What is asked of ResNet: the numbers of a small one with weights set from seeds, and the weights of ResNet-18."""

from course_utils.check.ask.basic_block import behaviour, pictures, watch, weights
from course_utils.check.ask.models import spelling
from course_utils.networks.resnet_basic import ResNet

SHAPE = (2, 32, 32, 3)
PROBES = (([1, 3, 1, 1], 7),)  # blocks of each stage, classes
COUNTED = (([2, 2, 2, 2], 100),)
HIDDEN = (([2, 1, 1, 2], 5), ([1, 1, 3, 1], 10))


def ask(answer, hidden=False, seed=0):
    """Evidence: of each probe the call, and what the model does, or just what its weights are."""
    probes, x = [], pictures(SHAPE, seed)
    for layer_dims, n in _probes(hidden):
        offered = {"layer_dims": [*layer_dims], spelling(answer, "num_classes", "classes"): n}
        look = (weights, x[:1]) if (layer_dims, n) in COUNTED else (behaviour, x, seed)
        probes.append({"probe": [layer_dims, n], "seed": seed} | watch(answer, offered, ResNet, *look))
    return {"probes": probes}


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it."""
    return {"probes": [{"probe": [*probe], "seed": seed} for probe in _probes(hidden)]}


def _probes(hidden):
    return *PROBES, *(HIDDEN if hidden else ()), *COUNTED
