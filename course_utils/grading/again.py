"""What a folder of grades holds already, and what is new in a newer download of the same class."""

import hashlib
import json
from functools import cache
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_text
from course_utils.grading.submissions import all_masters


def known(out, resume):
    """What run.json says of the grades in a folder, {} for a new one. Refuses a folder that holds another run."""
    about = out / "run.json"
    if about.exists():
        if not resume:
            raise CourseError(f"{out} already holds grades: go on with --resume, or choose another folder.")
        return json.loads(about.read_text(encoding="utf-8"))
    if any(out.glob("results/*")):
        raise CourseError(f"{out} holds something else: choose another folder.")
    return {}


def remember(out, known):
    text, about = json.dumps(known) + "\n", out / "run.json"
    if not about.exists() or about.read_text(encoding="utf-8") != text:
        write_text(about, text)


def remembered(out):
    """The class.toml of the last `course grade`, which may lie beside the hand-ins; None if there was none."""
    about = out / "run.json"
    path = json.loads(about.read_text(encoding="utf-8")).get("rules") if about.exists() else None
    if path and not Path(path).is_file():
        raise CourseError(f"{path}, by which these grades were made, is gone: name it with --class.")
    return path and Path(path)


def records(out):
    """{(student, stem): record} of what is graded already."""
    found = {}
    for path in sorted(out.glob("results/*/*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found[record["student"], record["notebook"]] = record
        except (ValueError, KeyError, TypeError):
            raise CourseError(f"{path} is not a record: remove it and go on with --resume.") from None
    return found


def students(records):
    return {(record["student"], record.get("id", "")) for record in records}


@cache
def course_of(stem):
    """A fingerprint of what the marks of a notebook depend on beside its bytes: its master and the checks."""
    digest = hashlib.sha256(json.dumps([all_masters()[stem].cells, all_masters()[stem].exercises]).encode())
    for path in code_of_marks():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def code_of_marks():
    """The files of the course on which marks depend."""
    here = Path(__file__).parent
    folders = (here.parent / name for name in ("exercises", "check", "networks"))
    own = [here / f"{name}.py" for name in ("submissions", "cells", "runner")]
    return own + sorted(path for folder in folders for path in folder.rglob("*.py"))


def keep_names(found, old):
    """Students keep the name that they have in the folder of grades; the platform's number tells who is who.

    A number goes with a name as soon as two have it, so a newer download may call one of them something else.
    """
    known = {record["id"]: record["student"] for record in old.values() if record.get("id")}
    other = {key for key, record in old.items() if record.get("id") and key in found.chosen}
    other = {key[0] for key in other if found.chosen[key].id not in ("", old[key]["id"])}
    names = {}
    for row in found.rows:
        if row["id"] in known:
            names[row["student"]] = known[row["id"]]
        elif row["student"] in other:  # somebody else of this name has been graded
            names[row["student"]] = f"{row['student']} {row['id']}"
    found.students = sorted({names.get(student, student) for student in found.students})
    for part in "chosen", "broken", "notes":
        setattr(found, part, {(names.get(s, s), stem): one for (s, stem), one in getattr(found, part).items()})
    for row in found.rows:
        row["student"] = names.get(row["student"], row["student"])


def abouts(found):
    """{(student, stem): {"late", "id", "name"}}: what the platform says of a hand-in, in the words of its record."""
    rows = {row["student"]: row for row in found.rows}
    every = {}
    for key in ((student, stem) for student in found.students for stem in found.stems):
        one, row = found.chosen.get(key), rows.get(key[0], {"id": "", "file": ""})
        if one:
            every[key] = {"late": one.late, "id": one.id, "name": one.name}
        else:
            every[key] = {"late": False, "id": row["id"], "name": row["file"].partition("/")[0]}
    return every


def told_anew(found, old, why):
    """Records that stay, but of whose hand-ins the platform now says something else."""
    for key, about in abouts(found).items():
        here = (
            key in found.chosen
            or key in found.broken
            or (about["name"] and old.get(key, {}).get("status") == "missing")
        )
        if here and key in old and key not in why and old[key] != (record := old[key] | about):
            yield record


def why(found, old, only):
    """{(student, stem): why it is to be graded}. only: students who are graded again, if not empty."""
    every = {}
    for key in ((student, stem) for student in found.students for stem in found.stems):
        record, one = old.get(key), found.chosen.get(key)
        if only:
            why = "again" if key[0] in only else None
        elif record is None or (one and record["status"] == "missing"):
            why = "new"
        elif one:
            same = record.get("sha256") == hashlib.sha256(one.read()).hexdigest()
            why = None if same and record.get("course") == course_of(key[1]) else "checks" if same else "changed"
        else:
            broken = found.broken.get(key)
            why = "changed" if broken and record.get("notes") != [broken] else None
        if why:
            every[key] = why
    return every


NEWS = {
    "new": "New",
    "changed": "Changed since the last time",
    "again": "Graded again",
    "checks": "Graded again, since the course's checks have changed",
}


def news(why, old, found, corrections):
    """What a further run has found: sentences for the teacher. old: the records before it."""
    if not old:
        return
    for word, said in NEWS.items():
        if pairs := [key for key, reason in why.items() if reason == word]:
            yield f"{said}: {_listed(pairs)}."
    here = {*found.chosen, *found.broken}
    gone = [key for key, record in old.items() if key not in here and record["status"] != "missing"]
    if gone:
        yield f"Not in these hand-ins, the earlier marks stay: {_listed(gone)}."
    count = sum(record["status"] != "missing" for key, record in old.items() if key not in why)
    yield f"As before: {count} {'notebook' if count == 1 else 'notebooks'}."
    again = {(s, exercise) for s, stem in why if (s, stem) in old for exercise in all_masters()[stem].exercises}
    for one in corrections:
        if (one.student, one.exercise) in again:
            told = f"{one.student}'s {one.exercise} was graded again"
            yield f"{told}: look whether your correction should still count ({one.place})."


def _listed(pairs, most=20):
    words = [f"{student} ({stem})" for student, stem in sorted(pairs)]
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return ", ".join(words[:most] + more)
