"""A figure of each notebook for the README, as it is stored there: images/covers/NUMBER.webp.

    python images/covers.py

Run it after `course run --save`; a test compares them.
"""

import base64
import json
import re
from pathlib import Path

HERE = Path(__file__).parent
COVERS = {  # the cell that draws it
    "01_classic_cnns": "edges",
    "02_one_by_one_convolutions": "curves",
    "03_happy_house": "better-curves",
    "04_residual_blocks": "both-figure",
    "05_resnet50_signs": "heat-plot",
    "06_resnet_by_hand": "figure-code",
    "07_resnet50v2_birds": "arriving-plot",
    "07a_birds": "where-plot",
    "07b_resnet50v2_pytorch": "pt-where-figure",
    "08_data_augmentation": "color-look",
    "09_cifar10_transfer": "frozen-figure",
}


def path_of(stem):
    """Where the figure of a notebook is kept."""
    return HERE / "covers" / f"{stem.partition('_')[0]}.webp"


def cover(stem):
    """The bytes of the figure, as the notebook's stored outputs hold it."""
    cells = json.loads((HERE.parent / "notebooks" / f"{stem}.ipynb").read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if cell["id"] == COVERS[stem])
    html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in cell["outputs"])
    return base64.b64decode(re.search(r'src="data:image/webp;base64,([^"]+)"', html)[1])


if __name__ == "__main__":
    (HERE / "covers").mkdir(exist_ok=True)
    for name in COVERS:
        path_of(name).write_bytes(cover(name))
