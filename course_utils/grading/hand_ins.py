"""What students handed in, found in the folders and zip files that learning platforms write.

`find` lists files and whose they are, `collect` says which of them count.
"""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from course_utils.errors import CourseError
from course_utils.files import masters, write_text
from course_utils.grading.spreadsheet import delimiter, text_of
from course_utils.grading.submissions import Unreadable, all_masters, answered, named, parse, recognise

MAX_NOTEBOOK = 100 << 20  # bytes
MAX_FILES = 10_000  # of a zip file
MAX_INNER = 20  # zip files in a student's zip file
MAX_NOTEBOOKS = 100  # of one student

# How platforms name what teachers download: tried in order on the first part of a name, which is a folder, a zip file
# without its ending or a file. id: the platform's own for the student. rest: the student's name of the file.
# - Moodle, assignments, "Download all submissions", with folders and without (mod/assign/locallib.php).
# - Canvas, "Download Submissions": id, then that of the attachment, which grows (lib/content_zipper.rb; seen in the
#   README of mikewesthad/canvas-unzipper; anonymous ones are "anon_" and five characters).
# - Blackboard, grade centre, "Assignment File Download"; the id is the user's name.
# - Brightspace, assignments, "Download".
# - Google Classroom: copies of a file are called by the student.
LAYOUTS = {
    "Moodle": r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)",
    "Canvas, anonymous": r"(?P<late>LATE_)?(?P<name>anon)_(?P<id>\w{5})_(?P<when>\d+)_(?P<rest>.+)",
    "Canvas": r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<id>\d+|anon_\w{5})_(?P<when>\d+)_(?P<rest>.+)",
    "Blackboard": r".+_(?P<id>(?P<name>[^_]+))_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+))?(?:\.txt)?",
    "Brightspace": r"(?P<id>\d+)-\d+ - (?P<name>.+?) - (?P<when>\w{3} \d+, \d{4} \d{3,4} [AP]M)(?: - (?P<rest>.+))?",
    "Google Classroom": r"(?P<name>[^-]+?) - (?P<rest>.+\.ipynb)",
}
LAYOUTS = {platform: re.compile(pattern) for platform, pattern in LAYOUTS.items()}
LITTER = re.compile(r"\.|__MACOSX|@eaDir|~\$|(thumbs\.db|desktop\.ini|index\.html)$", re.IGNORECASE)
NOTEBOOKS = re.compile(r"(\.ipynb(_|\.txt|\.json)?|\.json|\.txt|^[^.]+)$", re.IGNORECASE)  # that may hold one
OTHERS = {
    ".html": "a web page made of a notebook",
    ".htm": "a web page made of a notebook",
    ".pdf": "a PDF made of a notebook",
    ".py": "a Python script",
    ".rar": "a RAR archive, which is not read: unpack it",
    ".7z": "a 7z archive, which is not read: unpack it",
}


@dataclass(frozen=True)
class SubmittedFile:
    """One file that a student handed in.

    place: where it lies, for messages. id: the platform's for the student. late: does the platform say so? when: a key
    that sorts a student's files by time as the platform tells it. name: the first part of its path in the download.
    """

    student: str
    place: str
    read: object  # () -> bytes; raises Unreadable
    id: str = ""
    late: bool = False
    when: str = ""
    name: str = ""


# --- Finding ---------------------------------------------------------------------------------------------------------


def find(place):
    """(every file that was handed in, in the order of students and times; the students).

    place: a folder, a zip file, or one notebook. Understood are STUDENT/NOTEBOOK.ipynb, STUDENT.zip, folders and zip
    files inside these, and what the platforms of LAYOUTS write; folders around all of these are passed through. What
    lies beside the students is nobody's: its student is "". Raises CourseError where there is no notebook.
    """
    place = Path(place)
    if not place.exists():
        raise CourseError(f"There is no {place}: name the folder that holds one folder a student.")
    files = _without_outer([*_files(place)])
    owners = {parts[0]: _owner(parts[0], is_file=len(parts) == 1) for parts, _ in files}
    shown = _shown(owners.values())
    found = []
    for parts, read in files:
        owner = owners[parts[0]]
        inside = "/".join([owner.rest, *parts[1:]] if owner.rest else parts[1:])
        if read is not None:
            who = shown[owner.name, owner.id]
            found.append(SubmittedFile(who, _printable(inside), read, owner.id, owner.late, owner.when, parts[0]))
    if not any(map(_may_be_notebook, found)):
        raise CourseError(f"{place} holds no notebooks: it should hold one folder (or zip file) a student.")
    found.sort(key=lambda one: (one.student, one.when, natural(one.place)))
    return _last(found), sorted({*shown.values()} - {""})


def _last(files):
    """The last files of each student, notebooks and others, and one that says so where there were more."""
    kept, counts = [], Counter()
    for one in reversed(files):
        kind = one.student, bool(NOTEBOOKS.search(one.place))
        counts[kind] += 1
        if counts[kind] == MAX_NOTEBOOKS + 1:
            words = f"More than {MAX_NOTEBOOKS} files were handed in: the last {MAX_NOTEBOOKS} are read."
            one = replace(one, read=partial(_refuse, words))
        if counts[kind] <= MAX_NOTEBOOKS + 1:
            kept.append(one)
    return kept[::-1]


def _may_be_notebook(one):
    """By its name, or by what stands in it: browsers and mail programs change endings."""
    if ".ipynb" in one.place.lower():
        return True
    try:
        return bool(NOTEBOOKS.search(one.place)) and b'"cells"' in one.read()
    except Unreadable:
        return True


class _Owner(NamedTuple):
    """Whose something is, as its name tells. rest: the name that the student gave it."""

    name: str
    id: str
    late: bool
    when: str
    rest: str


def _owner(part, is_file):
    for platform, pattern in LAYOUTS.items():
        match = pattern.fullmatch(part)
        if match and (is_file or platform != "Google Classroom"):
            told = {"when": "", "late": None, "rest": None} | match.groupdict()
            when = _date(told["when"]) if platform == "Brightspace" else told["when"].zfill(20)
            return _Owner(clean(told["name"]), told.get("id", ""), bool(told["late"]), when, told["rest"] or "")
    if is_file and ".ipynb" not in part.lower():
        return _Owner("", "", False, "", part)
    return _Owner(clean(Path(part).stem if is_file else part), "", False, "", part if is_file else "")


def _date(text):
    try:
        return datetime.strptime(text, "%b %d, %Y %I%M %p").isoformat()
    except ValueError:  # another language
        return ""


def _shown(owners):
    """{(name, id): the student's name in tables}: the id goes with a name that several have, or that is none."""
    ids = defaultdict(set)
    for owner in owners:
        ids[owner.name.casefold()].add(owner.id)
    found = {}
    for owner in owners:
        alone = len(ids[owner.name.casefold()] - {""}) <= 1 and owner.name.casefold() not in ("participant", "anon")
        found[owner.name, owner.id] = owner.name if alone or not owner.id else f"{owner.name} {owner.id}"
    return found


def _without_outer(files):
    """The files without folders that lie around the whole class: somebody has unpacked it into one, or twice."""
    inner = files
    while len(outer := {parts[0] for parts, _ in inner}) == 1 and not _platform(*outer):
        inner = [(parts[1:], read) for parts, read in inner if parts[1:] not in ((), ("",))]
        if _is_class([parts for parts, _ in inner]):
            files = inner
    return files


def _is_class(names):
    """Are these names, each in parts, those of a class, and not of one student's folders?"""
    firsts = {parts[0]: len(parts) > 1 for parts in names if parts}
    if any(map(_platform, firsts)):
        return True
    notebooks = [parts[-1].casefold() for parts in names if len(parts) > 1 and parts[-1].lower().endswith(".ipynb")]
    folders = all(firsts.values()) and len(firsts) > 1 and not any(named(first) for first in firsts)
    return folders and len({*notebooks}) < len(notebooks)


def _platform(part):
    return any(pattern.fullmatch(part) for platform, pattern in LAYOUTS.items() if platform != "Google Classroom")


def _files(place):
    """(the parts of its name, a function that reads it) of every file, inside zip files too.

    An empty folder comes as well, with an empty last part and None: its student has handed in nothing.
    """
    if place.is_file():
        if place.suffix.lower() == ".zip" or zipfile.is_zipfile(place):
            yield from _zipped((), lambda: place, inner_zips=None)
        else:
            yield (place.name,), lambda: _bounded(place.stat().st_size, place.read_bytes)
        return
    for path in sorted(place.rglob("*")):
        parts = path.relative_to(place).parts
        if any(map(LITTER.match, parts)) or path.is_symlink():
            continue
        if path.is_dir():
            yield (*parts, ""), None
        elif path.is_file() and path.suffix.lower() == ".zip":
            whole = [*_zipped((), lambda path=path: path)]
            is_class = len(parts) == 1 and not _platform(path.stem) and _is_class([inner for inner, _ in whole])
            before = () if is_class else (*parts[:-1], path.stem)
            yield from ((before + inner, read) for inner, read in whole)
        elif path.is_file():
            yield parts, lambda path=path: _bounded(path.stat().st_size, path.read_bytes)


def _zipped(before, source, inner_zips=MAX_INNER):
    """The files of a zip file, as if it were a folder of its name; what is no zip file is one unreadable notebook.

    source: a function that gives its path, or its bytes as a file. inner_zips: how many zip files in it are read; None
    for all of them, in the zip file of a class.
    """
    try:
        with zipfile.ZipFile(source()) as archive:
            names = sorted((_decoded(info), info.filename) for info in archive.infolist() if not info.is_dir())
    except (zipfile.BadZipFile, OSError, NotImplementedError, Unreadable) as error:
        yield (*before, "damaged.zip.ipynb"), partial(_refuse, f"The zip file is damaged ({error}).")
        return
    zips = {*[name for name, _ in names if name.lower().endswith(".zip")][:inner_zips]}
    for name, original in names[:MAX_FILES]:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        parts = tuple(part for part in parts if part not in ("/", "..", "."))
        if not parts or any(map(LITTER.match, parts)):
            continue
        read = partial(_unzipped, source, original)
        if name in zips:
            folder = (*before, *parts[:-1], parts[-1][:-4])
            yield from _zipped(folder, lambda read=read: io.BytesIO(_last_read(read)), inner_zips=0)
        else:
            yield (*before, *parts), read


def _decoded(info):
    """The name of a file in a zip file. Older programs wrote it in the code of their country and did not say so."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for code in "utf-8", "gb2312", "cp850":
        try:
            return raw.decode(code)
        except UnicodeDecodeError:
            continue
    return info.filename


@lru_cache(1)
def _last_read(read):
    """What `read()` gives: a zip file inside another is not unpacked anew for each of its files."""
    return read()


def _refuse(words):
    raise Unreadable(words)


def _unzipped(source, name):
    try:
        with zipfile.ZipFile(source()) as archive, archive.open(name) as file:
            data = file.read(MAX_NOTEBOOK + 1)  # whatever size it claims
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        hint = "it is locked with a password" if "password" in str(error) else error
        hint = "it is packed in a way that only some programs read" if isinstance(error, NotImplementedError) else hint
        raise Unreadable(f"The zip file cannot be read: {hint}. Hand in the notebook itself.") from None
    return _bounded(len(data), lambda: data)


def _bounded(size, read):
    if size > MAX_NOTEBOOK:
        raise Unreadable(f"The file has more than {MAX_NOTEBOOK >> 20} MB: clear its outputs and hand it in again.")
    return read()


def clean(name):
    """A student's name as it may stand in a path: no slashes, no control characters, at most 120 bytes."""
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if c in '/\\:*?"<>|' or unicodedata.category(c)[0] == "C" else c for c in name).strip(" .")
    if len(name.encode()) > 120:
        digest = sha256(name.encode()).hexdigest()[:8]
        name = name.encode()[:110].decode(errors="ignore") + "~" + digest
    return name or "_"


def _printable(place):
    """A file's name without what would upset a terminal, or cannot be written as UTF-8."""
    return "".join("_" if unicodedata.category(c)[0] == "C" else c for c in place)


def natural(place):
    """A key that sorts "x 10" behind "x 9", and a copy behind what it is a copy of."""
    stem = re.sub(r"\.ipynb$", "", place, flags=re.IGNORECASE)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", stem.casefold())]


# --- Which of them count ---------------------------------------------------------------------------------------------


@dataclass
class Collected:
    """A class.

    chosen: {(student, stem): SubmittedFile}; broken: {(student, stem): why}; notes: {(student, stem): remarks for the
    feedback}; words: remarks for the teacher; rows: of collected.csv, one per file.
    """

    students: list
    stems: list
    chosen: dict = field(default_factory=dict)
    broken: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)
    words: list = field(default_factory=list)
    rows: list = field(default_factory=list)


COLUMNS = "file", "student", "id", "notebook", "counts", "why"


def collect(place, roster=None, corrected=None):
    """Find the hand-ins under `place`, recognise them, and choose one a student and notebook: a `Collected`.

    roster: a file that lists the class, see `read_roster`. corrected: a collected.csv that a teacher has looked
    through: its columns student and counts ("yes" or "no") have the last word on each file.
    """
    handed, students = find(place)
    known = read_roster(roster) if roster else []
    idle = {*students} - {one.student for one in handed}
    renamed = _on_roster({(one.student, one.id) for one in handed} | {(name, "") for name in idle}, known)
    ruled = _ruled(corrected) if corrected else {}
    found = Collected([], [])
    candidates, lost = defaultdict(list), []
    for one in handed:
        student = renamed.get((one.student, one.id), one.student)
        student, ruling = ruled.get(f"{one.name}/{one.place}", (student, None))
        row = dict(zip(COLUMNS, (f"{one.name}/{one.place}", student, one.id, "", "no", ""), strict=True))
        found.rows.append(row)
        if not one.student:
            row["why"] = "It lies beside the students' files."
            continue
        try:
            stem, rank = _looked_at(one)
        except Unreadable as error:
            row["why"] = str(error)
            if ruling is not False and _may_be_notebook(one):
                lost.append((student, one, row))
            continue
        row["notebook"] = stem or ""
        if stem not in all_masters():
            row["why"] = "It has no exercises." if stem else "It is no notebook of this course."
        elif ruling is False:
            row["why"] = "The teacher has said so."
        else:
            candidates[student, stem].append(((ruling is True, *rank, one.when, natural(one.place)), one, row))
    for (student, stem), files in candidates.items():
        _choose(found, student, stem, sorted(files, key=lambda file: file[0]))
    _say_lost(found, lost)
    on_roster = {name for name, _ in known}
    everybody = on_roster | {row["student"] for row in found.rows} | {renamed.get((name, ""), name) for name in idle}
    found.students = sorted(everybody - {""})
    found.words += [f"{name} is not on the roster." for name in found.students if known and name not in on_roster]
    stems = {stem for _, stem in found.chosen} | {stem for _, stem in found.broken}
    found.stems = [stem for stem in all_masters() if stem in stems]
    found.words += _unread(found)
    return found


def _looked_at(one):
    """(the stem of its master or None, how much speaks for it). Raises Unreadable for what is no notebook."""
    if not _may_be_notebook(one):
        kind = OTHERS.get(PurePosixPath(one.place).suffix.lower(), "no notebook")
        raise Unreadable(f"It is {kind}: the file that ends in .ipynb is wanted.")
    cells = parse(one.read())
    stem = recognise(cells, one.place)
    marked = stem in all_masters() and any(cell[3] in all_masters()[stem].exercises for cell in cells)
    return stem, (marked, bool(stem in all_masters() and answered(stem, cells)))


def _choose(found, student, stem, files):
    """The last of some files counts; each of the others is told why it does not."""
    *others, (best, one, row) = files
    found.chosen[student, stem] = one
    row["counts"] = "yes"
    notes = found.notes.setdefault((student, stem), [])
    if not one.place.lower().endswith(".ipynb"):
        notes.append(f"{one.place} was read as a notebook, though its name does not end in .ipynb.")
    if one.late:
        notes.append("It was handed in late.")
    for rank, other, row in others:
        reasons = "the teacher has chosen", "which carries the course's marks", "which is answered"
        reason = next((why for why, a, b in zip(reasons, best, rank, strict=False) if a != b), "which is the later one")
        row["why"] = f"{one.place} counts, {reason}."
        notes.append(f"{one.place} counts, {reason}; {other.place} does not.")
        found.words.append(f"{student}: {one.place} counts, {other.place} does not.")


def _say_lost(found, lost):
    """Files that cannot be read: in place of a notebook where there is no other."""
    stems = {stem for _, stem in found.chosen}
    for student, one, row in lost:
        stem = named(one.place) or (min(stems) if len(stems) == 1 else None)
        found.words.append(f"{student}: {one.place}: {row['why']}")
        if stem and (student, stem) in found.chosen:
            found.notes[student, stem].append(f"{one.place} cannot be read: {row['why']}")
        elif stem:
            found.broken[student, stem] = row["why"]


def _unread(found):
    """A sentence for each student who has handed in something of which nothing counts: the student is told, too."""
    counted = {student for student, _ in [*found.chosen, *found.broken]}
    files = defaultdict(list)
    for row in found.rows:
        if row["student"] not in {*counted, ""}:
            files[row["student"]].append(f"{PurePosixPath(row['file']).name}: {row['why']}")
    for student, told in sorted(files.items()):
        found.notes |= {(student, stem): told[:3] for stem in found.stems}
        yield f"{student}: nothing counts. {' '.join(told[:3])}"


def write_collected(path, collected):
    """Write collected.csv: a row for each file that was handed in, whether it counts and why not."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(collected.rows)
    write_text(path, text.getvalue())


def lay_out(collected, folder):
    """Copy what counts to FOLDER/STUDENT/NOTEBOOK.ipynb and write FOLDER/collected.csv. Returns how many files.

    Raises CourseError where the folder holds something already.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise CourseError(f"{folder} is not empty: choose another folder, or move it away.")
    for (student, stem), one in collected.chosen.items():
        target = folder / student / masters()[stem].name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(one.read())
    for student in collected.students:
        (folder / student).mkdir(parents=True, exist_ok=True)
    write_collected(folder / "collected.csv", collected)
    return len(collected.chosen)


def _ruled(path):
    """{file: (student, does it count?)} of a collected.csv."""
    rows = _table(path)
    _need(path, rows, "file", "student", "counts")
    return {row["file"]: (clean(row["student"]), row["counts"].strip().casefold() == "yes") for row in rows}


# --- The roster ------------------------------------------------------------------------------------------------------


def read_roster(path):
    """[(student, {ids})] of a class list.

    Read are Canvas' gradebook export (Student, ID, SIS Login ID), Moodle's participants, grades and grading worksheet
    (First name, Last name or Full name, ID number, Email address, Identifier), and a table with the columns student and
    id. Raises CourseError with the line for a file that is none of these, or that lists an id twice.
    """
    rows = _table(path)
    heads = {_plain(head): head for head in (rows[0] if rows else {})}
    first, last = (heads.get(name) for name in ("firstname", "lastname"))
    last = last or heads.get("surname")
    whole = heads.get("student") or heads.get("fullname") or heads.get("name")
    if not whole and not (first and last):
        raise CourseError(
            f"{path}: line 1 names no column for students: student and id, or an export of Canvas or Moodle."
        )
    columns = [
        heads[name] for name in ("id", "sisuserid", "sisloginid", "idnumber", "identifier", "username") if name in heads
    ]
    found, seen = [], {}
    for line, row in enumerate(rows, start=2):
        name = row[whole] if whole else f"{row[first]} {row[last]}"
        if not name.strip() or name.strip() in ("Points Possible", "Student, Test"):
            continue
        ids = {re.sub(r"^\D+ (?=\d+$)", "", row[column].strip()) for column in columns} - {""}
        for one in ids:
            if one in seen:
                raise CourseError(f"{path}: line {line}: {one} is the id of {seen[one]} already.")
            seen[one] = clean(name)
        found.append((clean(name), ids))
    twice = [name for name, count in Counter(name for name, _ in found).items() if count > 1]
    return [(f"{name} {min(ids)}" if name in twice and ids else name, ids) for name, ids in found]


def _on_roster(owners, roster):
    """{(name, id) of hand-ins: the name on the roster}, by id, else by name."""
    ids = {one: name for name, known in roster for one in known}
    names = defaultdict(set)
    for name, _ in roster:
        for words in (name, " ".join(name.split(",")[::-1]), " ".join(name.split(" ")[::-1])):
            names[_plain(words)].add(name)
    found = {}
    for name, ident in owners:
        alike = names.get(_plain(name), set())
        if ident in ids or len(alike) == 1:
            found[name, ident] = ids[ident] if ident in ids else min(alike)
    return found


def _plain(words):
    """Letters and digits alone, without accents: Canvas writes "Lee, Zoë" as leezoe."""
    letters = unicodedata.normalize("NFKD", words.casefold())
    return "".join(c for c in letters if c.isalnum())


def _table(path):
    """The rows of a CSV file, as dicts."""
    text = text_of(path)
    return [
        {key: value or "" for key, value in row.items() if key is not None}
        for row in csv.DictReader(io.StringIO(text), delimiter=delimiter(text))
    ]


def _need(path, rows, *columns):
    missing = [column for column in columns if not rows or column not in rows[0]]
    if missing:
        raise CourseError(f"{path}: line 1 has no column {missing[0]}.")
