"""`course results`: what full runs gave, kept, told and handed to the notebooks. Small notebooks, real kernels."""

import hashlib
import json
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils import files, load, recorded, results
from course_utils.errors import CourseError

GOOD = """from course_utils import record, recorded, settings
settings("03_happy_house")
record("accuracy", 0.5)
record("curves", [[0.1, 0.2], [0.3, 0.4]])
assert recorded("01_good")["curves"] == [[0.1, 0.2], [0.3, 0.4]]  # its own, while it is being recorded
"""


@pytest.fixture
def course(tmp_path):
    """Runs `course results ...` on notebooks of its own; keeps records and page in `tmp_path`."""
    code = (
        "import pathlib, sys; from course_utils import cli, files, results; here = pathlib.Path(sys.argv.pop(1));"
        "files.NOTEBOOKS = here / 'notebooks'; results.FOLDER = here / 'recorded'; results.PAGE = here / 'RESULTS.md';"
        "cli.main()"
    )
    (tmp_path / "notebooks").mkdir()

    def run(*words, **notebooks):
        for stem, source in notebooks.items():
            nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / "notebooks" / f"{stem}.ipynb")
        return subprocess.run(
            [sys.executable, "-c", code, tmp_path, "results", *words], capture_output=True, text=True, timeout=120
        )

    return run


def test_a_run_is_kept_told_and_not_repeated(course, tmp_path):
    done = course(**{"01_good": GOOD})
    assert done.returncode == 0, done.stdout + done.stderr
    file = tmp_path / "recorded" / "01_good.json"
    (record,) = json.loads(file.read_text()).values()
    assert record["numbers"] == {"accuracy": 0.5}
    assert record["curves"] == {"curves": [[0.1, 0.2], [0.3, 0.4]]}
    assert record["versions"].keys() == {"tensorflow", "keras", "numpy"}
    page = (tmp_path / "RESULTS.md").read_text()
    assert "## 01_good" in page
    assert "| accuracy | 0.5 |" in page
    assert "has changed since" not in page

    before = file.read_bytes()
    assert "its record is of today's notebook" in course().stdout
    assert file.read_bytes() == before


def test_a_record_names_its_data_by_their_hash(course, tmp_path):
    data = load("happy")
    arrays = data.x_train, data.y_train, data.x_test, data.y_test
    expected = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:12]
    done = course(**{"01_good": GOOD + "from course_utils import load\nload('happy')"})
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = json.loads((tmp_path / "recorded" / "01_good.json").read_text()).values()
    assert record["hashes"] == {"happy": expected}
    assert f"happy drawn, SHA-256 {expected})" in (tmp_path / "RESULTS.md").read_text()


def test_another_number_of_seeds_is_another_run(course, tmp_path):
    source = GOOD + 'record("seeds", settings("03_happy_house", "full").seeds)'
    found = []
    for words in (), ("--seeds", "2"), ("--seeds", "2"):
        done = course(*words, **{"03_happy_house": source})
        (record,) = json.loads((tmp_path / "recorded" / "03_happy_house.json").read_text()).values()
        found.append((len(record["curves"]["seeds"]), record["seeds"], "is of today's notebook" in done.stdout))
    assert found == [(5, 5, False), (2, 2, False), (2, 2, True)]
    assert "2 seeds" in (tmp_path / "RESULTS.md").read_text()


def test_a_notebook_that_fails_leaves_its_record(course, tmp_path):
    course(**{"01_good": GOOD})
    file = tmp_path / "recorded" / "01_good.json"
    before = file.read_bytes()
    done = course(**{"01_good": GOOD + "1 / 0", "02_better": GOOD.replace("01_good", "02_better")})
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "Traceback" not in done.stderr
    assert file.read_bytes() == before
    assert (tmp_path / "recorded" / "02_better.json").exists()
    page = (tmp_path / "RESULTS.md").read_text()
    first, second = page.split("## 02_better")
    assert "The notebook's code has changed since" in first
    assert "has changed since" not in second


def test_a_run_on_photos_stands_beside_one_on_drawings(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    with pytest.raises(
        CourseError, match=r"No run of 05_resnet50_signs on photos is on record: type `course results 05`\."
    ):
        recorded("05_resnet50_signs")
    drawn = {"numbers": {"accuracy": 0.9}, "curves": {}}
    (tmp_path / "05_resnet50_signs.json").write_text(json.dumps({"drawn": drawn}))
    assert recorded("05_resnet50_signs", "drawn") == {"accuracy": 0.9}
    with pytest.raises(CourseError, match="No run"):
        recorded("05_resnet50_signs")
    (tmp_path / "05_resnet50_signs.json").write_text("{")
    with pytest.raises(CourseError, match=r"05_resnet50_signs\.json is damaged"):
        recorded("05_resnet50_signs")


def test_the_page_tells_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    assert "What the course takes" not in results.page()
    table = {"columns": ["", "seconds"], "rows": [["the first check", "3.50"]], "note": "Two cores."}
    (tmp_path / "course.json").write_text(json.dumps({"Start-up": table | {"date": "2026-11-28", "keras": "3.15.1"}}))
    told = results.page().partition("## What the course takes")[2]
    assert "### Start-up" in told
    assert "| the first check | 3.50 |" in told
    assert "Two cores. 2026-11-28, Keras 3.15.1." in told


def test_the_page_is_made_of_the_records():
    assert results.PAGE.read_text(encoding="utf-8") == results.page()


@pytest.mark.parametrize("value", [1, 0.5, [1.0, 2.0], [[1.0], [2.0]]])
def test_numbers_and_curves_come_back_as_they_were_published(tmp_path, monkeypatch, value):
    from course_utils.metrics import FILE, published, record

    monkeypatch.setitem(os.environ, FILE, str(tmp_path / "metrics"))
    record("name", 7)
    record("name", value)
    numbers, curves = published(tmp_path / "metrics")
    assert {**numbers, **curves} == {"name": value}
    assert ("name" in curves) == isinstance(value, list)


QUOTED = re.compile(r"\| (\d\.\d+) \| (\d\w+) `(\w+)` \|$", re.M)


def test_each_number_that_the_readme_quotes_is_its_record():
    quoted = QUOTED.findall((files.ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(quoted) == 5
    for number, notebook, name in quoted:
        value = recorded(files.master(notebook).stem)[name]
        assert abs(float(number) - value) <= 0.51 * 10 ** -len(number.partition(".")[2]), (notebook, name, value)


def test_what_the_cards_say_of_a_network_is_what_its_notebook_has_stored():
    for card, words, stem, metric in (
        ("happy", "with its better recipe", "03_happy_house", "better_recipe_test_accuracy"),
        ("signs", "on pictures of 16x16 pixels", "06_resnet_by_hand", "test_accuracy"),
    ):
        text = " ".join((files.ROOT / "datasets" / f"{card}.md").read_text(encoding="utf-8").split())
        stored = nbformat.read(files.masters()[stem], 4).metadata.course.metrics[metric]
        assert f"{words} {stored:.2f} after" in text, (card, stored)


def reaches(curve, accuracy):
    """The first epoch with that accuracy."""
    return next(epoch for epoch, value in enumerate(curve, 1) if value >= accuracy)


def said_of_01(photos):
    ends = {form: [run[-1] for run in photos[f"lenet5_{form}_curves"]] for form in ("today", "1998")}
    assert min(ends["today"]) > max(ends["1998"])
    today, old = (1000 * (1 - np.median(ends[form])) for form in ends)
    yield f"it makes {today:.0f} mistakes per 1,000 digits, that of 1998 makes {old:.0f}, and all three seeds agree"


def said_of_02(photos):
    runs = {label: photos[f"test_accuracies_{label}"] for label in ("main head alone", "with auxiliary heads")}
    assert {round(value, 3) for curve in runs["main head alone"] for value in curve} == {0.167}
    yield "The main head alone stays at chance in each run"
    starts = [reaches(curve, 0.2) - 1 for curve in runs["with auxiliary heads"]]
    assert 6 <= min(starts) <= max(starts) <= 7
    yield "With the auxiliary heads every run starts, after about six epochs"
    assert max(reaches(curve, 0.3) for curve in photos["test_accuracies_alone, He's weights"]) == 4
    assert photos["he_weights_minus_heads_in_spreads"] > 3
    yield "The network starts within the first four epochs, and ends higher, by several times as much as the seeds"
    assert 0 < photos["heads_with_he_weights_minus_alone_in_spreads"] < 1
    yield "The heads add less than the seeds differ"


def said_of_03(photos):
    first, better = (np.sort(photos[f"{recipe}_recipe_test_accuracies"]) for recipe in ("first", "better"))
    yield f"the first recipe ended between {first[0]:.3f} and {first[-1]:.3f}, median {first[2]:.3f}"
    yield f"the better one between {better[0]:.3f} and {better[-1]:.3f}, median {better[2]:.3f}"
    curves, faster = photos["first_recipe_val_accuracy_curves"], photos["momentum 0.9 only val_accuracy_curves"]
    assert max(reaches(curve, 0.95) for curve in faster) <= 3
    assert sum(min(curve[reaches(curve, 0.95) :]) < 0.7 for curve in faster) == 2 == len(faster) - 1
    late = [reaches(curve, 0.95) for curve in curves]
    yield f"the first recipe takes {min(late)} to {max(late)}"
    eighth = sorted(curve[7] for curve in curves)
    yield f"between {eighth[0]:.2f} and {eighth[-1]:.2f} at epoch 8"
    yield f"falls to {min(curve[14] for curve in curves):.2f} at epoch 15"
    low, high = next((run[11], run[-1]) for run in photos["better network only val_accuracy_curves"] if run[11] < 0.5)
    yield f"one of its runs stands at {low:.2f} in epoch 12 and at {high:.2f} in the last"
    lowest = min(min(run[-5:]) for run in photos["better_recipe_val_accuracy_curves"])
    yield f"in its last five epochs no run is below {lowest - 0.005:.2f}"


def said_of_07a(photos):
    learned, others = (
        {recipe: np.array(photos[f"{recipe}_recipe_{kind}accuracy_curves"]) for recipe in ("first", "second", "third")}
        for kind in ("", "val_")
    )
    for recipe in "first", "second":
        assert learned[recipe][:, -1].min() > 0.93
        assert abs(np.median(others[recipe][:, -1]) - 0.5) < 0.05
        assert others[recipe][:, 30:].mean() - others[recipe][:, 15:25].mean() < 0.02
    yield "The first two recipes end with nearly all of their training photos right and with half of the others"
    yield "after about fifteen epochs nothing more is gained for those"
    assert learned["third"][:, -1].max() < 0.9
    assert others["third"][:, 30:].mean() - others["third"][:, 15:25].mean() > 0.02
    yield "and goes on gaining for the others, a little"
    late = {recipe: others[recipe][:, 30:].mean(axis=1) for recipe in others}
    assert late["third"].min() > max(late["first"].max(), late["second"].max())
    yield "in the mean of the last ten epochs each of its runs is above each run of the other recipes"


def said_of_08(photos):
    def runs(name):
        return photos[f"accuracies_{name}"]

    both, crop, nothing = runs("mirror and crop"), runs("crop"), runs("nothing")
    alone = {name: np.median(runs(name)) for name in ("mirror", "crop", "colour shift", "PCA colour")}
    assert max(alone, key=alone.get) == "crop"
    assert min(crop) > max(nothing)
    assert abs(alone["mirror"] - np.median(nothing)) < max(np.std(nothing, ddof=1), np.std(runs("mirror"), ddof=1))
    yield "The crop is worth most. The mirror alone gains nothing that three runs could show"
    assert np.median(crop) <= min(both) + 0.02
    assert abs(np.median(both) - max(crop)) < 0.02
    yield "nor does it beside the crop, where the runs with both lie among the best with the crop alone"
    assert max(runs("colour shift") + runs("PCA colour")) <= max(nothing)
    yield "Changing colours shows no gain either: no run ends above the best one without any change"
    mixed, cut = runs("mirror, crop, MixUp"), runs("mirror, crop, CutMix")
    assert 0 < np.median(mixed) - np.median(both) < 0.02
    yield "With MixUp the runs end higher by about a hundredth, which is as much as 2,000 test pictures leave to chance"
    assert max(cut) <= min(both)
    yield "With CutMix no run ends above the lowest of those without it"
    one, team = (photos[f"{kind}ten_crop_accuracy"] - photos[f"{only}_accuracy"]
                 for kind, only in (("", "one_network"), ("ensemble_", "ensemble")))  # fmt: skip
    yield f"on the photos of the record {one:.2f} for one network and {team:.2f} for the team"
    assert min(runs("five times the pictures")) > max(mixed + cut + both)
    yield "five times the pictures, without any trick, are worth more than every combination tried here"


def said_of_09(photos):
    ends = {way: photos[f"{way.replace(' ', '_')}_accuracy"] for way in ("head only", "last block", "whole body")}
    scratch = np.array(photos["from_scratch_curves"])
    assert 0.05 < ends["head only"] - photos["from_scratch_accuracy"] < 0.15
    yield "On photos borrowing adds about a tenth"
    draws = np.std([run[-1] for run in photos["head_only_curves"]], ddof=1)
    assert max(ends["last block"], ends["whole body"]) - ends["head only"] < draws
    yield "tuning the body adds nothing that five choices of pictures could show"
    half = scratch.shape[1] // 2
    assert abs(np.median(scratch[:, -1]) - np.median(scratch[:, half - 1])) < 0.01
    yield "The network from scratch gains no more in the second half of its steps"


SAID = {
    "01_classic_cnns": said_of_01,
    "02_one_by_one_convolutions": said_of_02,
    "03_happy_house": said_of_03,
    "07a_birds": said_of_07a,
    "08_data_augmentation": said_of_08,
    "09_cifar10_transfer": said_of_09,
}


@pytest.mark.parametrize(("stem", "said"), SAID.items(), ids=[stem.partition("_")[0] for stem in SAID])
def test_what_prose_says_of_a_record_is_what_stands_in_it(stem, said):
    cells = nbformat.read(files.masters()[stem], 4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for words in said(recorded(stem)):
        assert words in prose


def test_code_below_the_last_number_does_not_make_a_record_old(tmp_path):
    def code(*sources):
        path = tmp_path / "01_good.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
        return results.code_of(path)

    first = code("x = 1", GOOD)
    assert code("x = 1", GOOD, "look(x)") == first
    assert code("x = 2", GOOD) != first
    assert code("x = 1", GOOD, "look(x)", GOOD) != first


# What the figures of a page have to show of what it says: in the run on drawn pictures that its stored outputs are of,
# and in the record on photos beside it.
STORED = {
    "03_happy_house": {"better_minus_first": 0.15},
    "04_residual_blocks": {
        "plain_minus_residual_training_loss_deepest": 0.5,
        "residual_agreement_minus_control_deepest": 0.1,
    },
    "05_resnet50_signs": {
        "train_accuracy": 0.5,
        "recalibrated_test_accuracy": 1 / 6 + 0.25,
        "better_recipe_test_accuracy": 0.75,
    },
    "07a_birds": {"third_recipe_val_accuracy": 0.75},
    "08_data_augmentation": {"gain_in_spreads_of_seeds": 2},
    "09_cifar10_transfer": {"transfer_minus_scratch_20_pictures": 0.1},
}
ON_PHOTOS = {
    "02_one_by_one_convolutions": {"he_weights_minus_heads_in_spreads": 2},
    "05_resnet50_signs": {"better_recipe_test_accuracy": 0.75},
    "08_data_augmentation": {"gain_in_spreads_of_seeds": 2},
}


@pytest.mark.parametrize("kind", [STORED, ON_PHOTOS], ids=["stored", "on photos"])
def test_pages_show_what_they_say(kind):
    for stem, least in kind.items():
        shown = recorded(stem) if kind is ON_PHOTOS else nbformat.read(files.masters()[stem], 4).metadata.course.metrics
        for metric, bound in least.items():
            assert shown[metric] >= bound, (stem, metric)
