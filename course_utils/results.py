"""What the notebooks give in profile `full`: run, kept and told by `course results`, drawn by the notebooks.

A record is the notebook's own run: the numbers and curves that it publishes by `record`. So nothing is trained here
that a reader could not run. recorded/NOTEBOOK.json holds up to two of them, {"drawn": record, "real": record}; a record
is {"numbers": {name: number}, "curves": {name: list}, "seeds", "seconds", "machine", "versions", "date", "data": {set:
"real" | "unverified copy" | "drawn"}, "hashes": {set: `hash_of`}, "code": which version of the notebook it was}.
"""

import datetime
import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import ROOT, masters, write_text
from course_utils.metrics import FILE, published
from course_utils.profiles import SEEDS, SETTINGS

FOLDER = Path(__file__).parent / "recorded"
PAGE = ROOT / "RESULTS.md"
BENCHMARKS = {  # {title: (a file that the command `make bench` writes, what it tells)}
    "What the course takes": (
        "course.json",
        "Seconds and memory, by `tests/benchmarks/course.py`; CPU time and memory are the whole machine's.",
    ),
    "Training steps": (
        "steps.json",
        "Pictures per second in a training step (forward, backward, SGD), beside the network of the same shape in "
        "keras.applications and in torchvision; the fastest of three rounds, in turn. *Of a product* is how much of "
        "the machine's rate in one product of two large matrices the training reaches. Made by "
        "`tests/benchmarks/networks.py`.",
    ),
}
RECORDING = "COURSE_RECORDING"  # set in the kernels that `course results` starts
KINDS = {"drawn": "the pictures that the course draws", "real": "photos"}


def recorded(notebook, kind="real"):
    """The curves and numbers of the recorded run of `notebook` (its file stem) in profile full: {name: value}.

    kind: "real" or "drawn". In a run that is being recorded: what it has published itself so far. Raises CourseError
    where no such run is on record.
    """
    if RECORDING in os.environ:
        numbers, curves = published(os.environ[FILE])
        return numbers | curves
    record = records(notebook).get(kind)
    if record is None:
        raise CourseError(f"No run of {notebook} on {KINDS[kind]} is on record: type `course results {notebook[:2]}`.")
    return record["numbers"] | record["curves"]


def records(notebook):
    """{"drawn": record, "real": record}, as far as there are any. Raises CourseError for a damaged file."""
    path = FOLDER / f"{notebook}.json"
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise CourseError(f"{path.name} is damaged: take it away and type `course results {notebook[:2]}`.") from None


def code_of(path):
    """A short name for what a record depends on: the notebook's code up to its last `record(...)`, and its settings."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    last = max((number for number, source in enumerate(code) if "record(" in source), default=-1)
    code = code[: last + 1]
    settings = SETTINGS.get(path.stem, {}).get("full")
    return hashlib.sha256(json.dumps([code, settings]).encode()).hexdigest()[:12]


def hash_of(name):
    """A short name for the pictures and labels of a set, as `load` gives them here: the beginning of their SHA-256."""
    from course_utils.data import load
    from course_utils.environment import quiet

    with quiet():
        data = load(name)
    found = hashlib.sha256()
    for array in data.x_train, data.y_train, data.x_test, data.y_test:
        found.update(array.tobytes())
    return found.hexdigest()[:12]


def run_and_keep(notebooks, console, again=False):
    """Run `notebooks` ({stem: path}) in profile full and keep what each gives; returns those that failed.

    A notebook whose record is of today's code and of the same kind of data is passed over, unless `again`: so a command
    that was stopped goes on where it was. A run that fails leaves the record as it was.
    """
    import nbformat

    from course_utils.run import bars, run_one

    os.environ[RECORDING] = "1"
    failed = []
    with bars(console) as progress:
        for stem, path in notebooks.items():
            code, known, runs = code_of(path), records(stem), seeds_of(stem)
            wanted = "real" if os.environ.get("COURSE_DATA_DIR") else "drawn"
            old = known.get(wanted, {})
            if not again and old.get("code") == code and old.get("seeds", runs) == runs:
                console.print(f"{stem}: its record is of today's notebook.")
                continue
            notebook = nbformat.read(path, as_version=4)
            entry, reason = run_one(notebook, path, "full", progress.add_task(stem, total=None), progress)
            if entry["status"] != "ok":
                failed += [stem] if entry["status"] == "failed" else []
                console.print(f"{stem}: {reason}", markup=False, highlight=False)
                continue
            kind = "drawn" if set(entry["data"].values()) <= {"drawn"} else "real"
            known[kind] = {
                "numbers": entry["metrics"],
                "curves": entry["curves"],
                "seeds": runs,
                "seconds": entry["seconds"],
                "data": entry["data"],
                "hashes": {name: hash_of(name) for name in entry["data"]},
                "machine": f"{os.cpu_count()} cores, {platform.machine()}",
                "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
                "date": datetime.date.today().isoformat(),
                "code": code,
            }
            write_text(FOLDER / f"{stem}.json", json.dumps(known, indent=1) + "\n")
            write_text(PAGE, page())
    return failed


def seeds_of(stem):
    """With how many seeds a run of that notebook repeats each recipe; None where its settings name none."""
    found = os.environ.get(SEEDS) or len(SETTINGS.get(stem, {}).get("full", {}).get("seeds", ()))
    return int(found) or None


def page():
    """RESULTS.md, made from the records."""
    lines = [
        "# Results",
        "",
        "What the notebooks give in profile `full`, on the pictures that the course draws and on photos. This page is "
        "made by `course results` out of `course_utils/recorded`; nothing in it is written by hand. Where a notebook "
        "repeats a run with several seeds, the number is their median.",
    ]
    for stem, path in masters().items():
        found = records(stem)
        if not found:
            continue
        code = code_of(path)
        lines += ["", f"## {stem}", ""]
        for kind, record in sorted(found.items()):
            hashes = record.get("hashes", {})
            sets = ", ".join(
                f"{name} {source}" + (f", SHA-256 {hashes[name]}" if name in hashes else "")
                for name, source in record["data"].items()
            )
            versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
            older = "" if record["code"] == code else " The notebook's code has changed since."
            minutes = f"{record['seconds'] / 60:.1f} minutes"
            seeds = f"{record['seeds']} seeds, " if record.get("seeds") else ""
            place = f"{minutes}, {record['machine']}, {record['date']}, {versions}"
            lines.append(f"- **{kind}** ({sets}): {seeds}{place}.{older}")
        names = dict.fromkeys(name for record in found.values() for name in record["numbers"])
        kinds = sorted(found)
        lines += ["", f"| | {' | '.join(kinds)} |", "| --- |" + " --- |" * len(kinds)]
        for name in names:
            values = (found[kind]["numbers"].get(name) for kind in kinds)
            cells = " | ".join("" if value is None else f"{value:.4g}" for value in values)
            lines.append(f"| {name.replace('_', ' ')} | {cells} |")
    for heading, (name, text) in BENCHMARKS.items():
        path = FOLDER / name
        tables = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        lines += ["", f"## {heading}", "", text] if tables else []
        for title, kept in tables.items():
            lines += ["", f"### {title}", "", f"| {' | '.join(kept['columns'])} |"]
            lines.append("| --- |" + " ---: |" * (len(kept["columns"]) - 1))
            lines += [f"| {' | '.join(row)} |" for row in kept["rows"]]
            lines += ["", f"{kept['note']} {kept['date']}, Keras {kept['keras']}."]
    return "\n".join(lines) + "\n"
