"""What each notebook trains on in the two profiles: `quick` to look, `full` as the recipes were published.

Nothing else differs between the two. Numbers of pictures are bounds, and a smaller set is taken whole: so `quick` is as
quick on all of MNIST or CIFAR-10 as on what the course draws.
"""

import os
import sys
from types import SimpleNamespace

from course_utils.environment import usual_settings
from course_utils.errors import CourseError

PROFILES = ("quick", "full")
SEEDS = "COURSE_SEEDS"  # the environment variable in which `course results --seeds N` asks for another number of seeds

SETTINGS = {
    "01_classic_cnns": {
        "quick": {
            "train": 1500,
            "test": 300,
            "batch": 64,
            "epochs": 6,
            "seeds": (0, 1),
            "lrn_pictures": 1500,
            "lrn_epochs": 5,
            "lrn_seeds": (0, 1),
        },
        "full": {
            "train": 12_000,
            "test": 5000,
            "batch": 64,
            "epochs": 5,
            "seeds": (0, 1, 2),
            "lrn_pictures": 4000,
            "lrn_epochs": 5,
            "lrn_seeds": (0, 1, 2),
        },
    },
    "02_one_by_one_convolutions": {
        "quick": {"pictures": 1080, "epochs": 7, "seeds": (0,)},
        "full": {"pictures": 1080, "epochs": 12, "seeds": (0, 1, 2)},
    },
    "03_happy_house": {
        "quick": {"epochs": 8, "seeds": (0, 1, 2), "trial_seeds": ()},
        "full": {"epochs": 16, "seeds": (0, 1, 2, 3, 4), "trial_seeds": (0, 1, 2)},
    },
    "04_residual_blocks": {
        "quick": {"pictures": 1000, "depths": (8, 20, 32), "epochs": 6},
        "full": {"pictures": 5000, "depths": (8, 20, 32, 56), "epochs": 6},
    },
    "05_resnet50_signs": {
        "quick": {"thin": 4, "first_epochs": 5, "batch": 32, "epochs": 5, "seeds": (0,)},
        "full": {"thin": 1, "first_epochs": 2, "batch": 16, "epochs": 10, "seeds": (0, 1, 2)},
    },
    "06_resnet_by_hand": {
        "quick": {"layer_dims": (1, 1, 1, 1), "pixels": 16, "epochs": 4},
        "full": {"layer_dims": (2, 2, 2, 2), "pixels": 32, "epochs": 20},
    },
    "07_resnet50v2_birds": {
        "quick": {"small_epochs": 6, "shortcuts": ("identity", "× 0.5")},
        "full": {"small_epochs": 8, "shortcuts": ("identity", "× 0.5", "1 × 1 conv")},
    },
    "07a_birds": {
        "quick": {"epochs": 10, "seeds": (0,)},
        "full": {"epochs": 40, "seeds": (0, 1, 2)},
    },
    "07b_resnet50v2_pytorch": {
        "quick": {"batch": 32, "epochs": 4},
        "full": {"batch": 32, "epochs": 20},
    },
    "08_data_augmentation": {
        "quick": {
            "steps": 600,
            "seeds": (0, 1, 2),
            "methods": ("nothing", "mirror and crop"),
            "more": False,
            "test": 2000,
        },
        "full": {
            "steps": 1000,
            "seeds": (0, 1, 2, 3, 4),
            "methods": ("nothing", "mirror and crop", "mirror", "crop", "colour shift", "PCA colour"),
            "more": True,
            "test": 2000,
        },
    },
    "09_cifar10_transfer": {
        "quick": {
            "train": 10_000,
            "test": 2000,
            "batch": 64,
            "pictures": 3200,
            "epochs": 4,
            "loop_pictures": 960,
            "two_pictures": 400,
            "counts": (5, 10, 20, 50, 100),
            "draws": 5,
            "tune_steps": 150,
            "tune_draws": 3,
            "larger_pictures": 1280,
            "imagenet_pictures": 500,
        },
        "full": {
            "train": 50_000,
            "test": 3000,
            "batch": 64,
            "pictures": 6400,
            "epochs": 4,
            "loop_pictures": 1280,
            "two_pictures": 1000,
            "counts": (5, 10, 20, 50, 200),
            "draws": 10,
            "tune_steps": 300,
            "tune_draws": 5,
            "larger_pictures": 2560,
            "imagenet_pictures": 1000,
        },
    },
}


def chosen(profile=None):
    """The profile's name: as given, else as COURSE_PROFILE says, else quick. Raises CourseError for another name."""
    profile = profile or os.environ.get("COURSE_PROFILE") or "quick"
    if profile not in PROFILES:
        raise CourseError(f"There is no profile {profile!r}: the profiles are {' and '.join(PROFILES)}.")
    return profile


def settings(notebook, profile=None):
    """The settings of `notebook` (its file stem) as attributes, such as `.epochs`; `.profile` says which profile.

    Where a notebook has imported Keras, Keras gets the settings that the course expects of it.
    """
    if "keras" in sys.modules:
        usual_settings()
    profile = chosen(profile)
    if notebook not in SETTINGS:
        raise CourseError(f"There are no settings for {notebook!r}: there are some for {', '.join(SETTINGS)}.")
    found = SETTINGS[notebook][profile]
    if count := os.environ.get(SEEDS):
        found = {name: tuple(range(int(count))) if name == "seeds" else value for name, value in found.items()}
    return SimpleNamespace(profile=profile, **found)
