"""Pages that are read after grading: one for each student, one for the class. They stand alone and run no scripts."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from statistics import StatisticsError, correlation, median

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from course_utils.check import EXERCISES
from course_utils.check.result import NOT_REACHED, UNANSWERED
from course_utils.files import masters, write_text
from course_utils.grading.gradebook import exercises
from course_utils.grading.hand_ins import LAYOUTS, clean
from course_utils.grading.marks import PLAIN, marks, number
from course_utils.grading.spreadsheet import zipped
from course_utils.grading.submissions import all_masters

FRESH = "Run it in a fresh kernel, from top to bottom:"
STATUS = {  # what a student is told, and what there is to do
    "timeout": f"The notebook ran out of time. {FRESH} at which cell does it stand still?",
    "out-of-memory": f"The notebook ran out of memory. {FRESH} at which cell does the memory grow?",
    "crashed": f"Python crashed while the notebook ran. {FRESH} after which cell is the kernel gone?",
    "no-result": f"The notebook ended before its exercises were looked at. {FRESH} does it come to its last cell?",
    "unreadable": "The file could not be read as a notebook. Open what you handed in with JupyterLab: is it whole?",
    "missing": "This notebook was not handed in. Did its file come along with what you sent?",
}
MARKS = {"look here": "✗", "advice": "ℹ", "not reached": "–", "right": "✓"}
BINS = 10  # of the histogram
MOST = 20  # of the findings of the class
FEW = 10  # students: of fewer a correlation says nothing


def write(out, records, stems, rules=PLAIN):
    """Write feedback/<student>.html for each student, feedback.zip and report.html for the class into the folder `out`.

    records: of one notebook of one student each, as in OUT/results or as `marks.corrected` gives them. stems: the
    notebooks that were graded, in their order; a student who has no record of one of them is told that it is missing.
    rules: of class.toml.
    """
    of = defaultdict(dict)
    for record in records:
        of[record["student"]][record["notebook"]] = record
    class_ = {student: _student(of[student], stems, mark) for student, mark in marks(records, stems, rules).items()}
    pages = pages_of(sorted(class_))
    back = {}
    for student, about in class_.items():
        text = FEEDBACK.render(student=student, **about)
        write_text(out / "feedback" / pages[student], text)
        names = {record.get("name", "") for record in of[student].values()} - {""}
        back |= {_sent_back(name, pages[student]): text for name in sorted(names or {""})}
    zipped(out / "feedback.zip", back)
    most = next((about["max"] for about in class_.values()), 0)
    write_text(
        out / "report.html",
        REPORT.render(pages=pages, answers=_answers(out, pages), max=most, **_report(class_, stems)),
    )


def _sent_back(name, page):
    """The name in feedback.zip by which a platform knows whose a page is: that of the hand-in in its download.

    Moodle ("Upload multiple feedback files in a zip", mod/assign/feedback/file/importziplib.php) wants its own folder
    or what it has put in front of the file's name; Canvas ("Upload submissions", app/models/assignment.rb) two numbers
    in the file's name. Others get the page as it is called here.
    """
    name = name.encode(errors="replace").decode()  # a zip file cannot hold what is no UTF-8
    if match := LAYOUTS["Moodle"].fullmatch(name):
        before = name[: match.start("rest")]
        return f"{before}/feedback.html" if before == name else f"{before}feedback.html"
    if LAYOUTS["Canvas"].fullmatch(name) or LAYOUTS["Canvas, anonymous"].fullmatch(name):
        return f"{name.removesuffix('.ipynb')}.html"
    return page


def _answers(out, pages):
    """{student: place of the page with the student's answers}, where `course grade` has written one."""
    return {student: f"answers/{page}" for student, page in pages.items() if (out / "answers" / page).exists()}


def _student(of, stems, mark):
    """What the page of a student shows. of: {notebook: record}; mark: what counts."""
    notebooks = []
    for stem in [*stems, *sorted(of.keys() - {*stems})]:
        record = of.get(stem, {"status": "missing", "seconds": 0, "exercises": []})
        answers = [_answer(found) for found in record["exercises"]]
        most = all_masters()[stem].points if stem in stems else 0
        notebook = {
            "stem": stem,
            "title": title(stem),
            "status": record["status"],
            "told": STATUS.get(record["status"]),
            "seconds": record["seconds"],
            "notes": record.get("notes") or [],
            "answers": answers,
            "points": number(sum(Fraction(str(answer["points"])) for answer in answers)) if stem in stems else 0,
            "max": most,
            "lateness": record.get("lateness", ""),
        }
        part = mark.notebooks.get(stem)
        counts = {"counts": _counts(notebook, part) if most else "", "percent": number(part.percent) if part else 0}
        notebooks.append(notebook | counts)
    return {"notebooks": notebooks, "points": number(mark.points), "max": number(mark.max)}


def _counts(notebook, part):
    """What a notebook counts in the total, in a sentence; "" where it counts with the points that it shows."""
    if part is None:
        return "It does not count in the total."
    if (part.points, part.max) == (notebook["points"], notebook["max"]):
        return ""
    less = f"It came {notebook['lateness']}: {number(part.percent)} % less. " if part.percent else ""
    return f"{less}In the total it counts {number(part.points)} of {number(part.max)} points."


def _answer(record):
    """An exercise as a page shows it: what is to be looked at first, what was right last."""
    findings = [{**found, "mark": _mark(found, record)} for found in record["findings"]]
    findings.sort(key=lambda found: [*MARKS].index(found["mark"]))
    return {"correction": None, **record, "title": EXERCISES[record["exercise"]].title, "findings": findings}


def _mark(found, record):
    if found["passed"]:
        return "right"
    if found["code"] == NOT_REACHED:
        return "not reached"
    return "advice" if record["points"] == record["max_points"] else "look here"


def _report(class_, stems):
    """What the class report shows. class_: {student: what `_student` says}."""
    notebooks = [(student, notebook) for student, about in class_.items() for notebook in about["notebooks"]]
    seconds = [(notebook["seconds"], student, notebook["stem"]) for student, notebook in notebooks]
    seconds = [taken for taken in seconds if taken[0]]  # what is missing takes none
    answers = [(student, answer) for student, notebook in notebooks for answer in notebook["answers"]]
    statuses, helped = Counter(), defaultdict(list)
    for student, notebook in notebooks:
        if notebook["told"]:
            statuses[notebook["status"], notebook["stem"]] += 1
            helped[student].append(f"{notebook['stem']}: {notebook['status']}")
    for student in class_:
        if not class_[student]["points"]:
            helped[student].append("no points")
    shares = Counter(int(BINS * about["points"] / about["max"]) for about in class_.values() if about["max"])
    shares[BINS - 1] += shares.pop(BINS, 0)  # full marks belong to the last bin
    return {
        "class_": class_,
        "stems": stems,
        "median": median([about["points"] for about in class_.values()] or [0]),
        "seconds": {"sum": sum(s for s, *_ in seconds), "median": median([s for s, *_ in seconds] or [0])},
        "slowest": max(seconds, default=None),
        "bins": [(100 * i // BINS, shares[i]) for i in range(BINS)],
        "difficulty": [_difficulty(stem, exercise, answers, class_) for stem in stems for exercise in exercises(stem)],
        "frequent": _frequent(answers),
        "statuses": statuses.most_common(),
        "helped": dict(sorted(helped.items())),
        "corrections": [(student, answer) for student, answer in answers if answer["correction"]],
        "late": [(student, notebook) for student, notebook in notebooks if notebook["lateness"]],
    }


def _difficulty(stem, exercise, answers, class_):
    """How an exercise went: the mean share of its points over the whole class, and who did not answer."""
    of = [(student, answer) for student, answer in answers if answer["exercise"] == exercise]
    points = EXERCISES[exercise].points
    rest = [(answer["points"], class_[student]["points"] - answer["points"]) for student, answer in of]
    return {
        "stem": stem,
        "title": EXERCISES[exercise].title,
        "mean": sum(answer["points"] for _, answer in of) / points / max(len(class_), 1),
        "full": sum(answer["points"] == points for _, answer in of),
        "unanswered": [student for student, answer in of if answer["status"] == UNANSWERED],
        "discrimination": _correlation(rest) if len(of) >= FEW else None,
    }


def _correlation(pairs):
    """Pearson's, of the points of an exercise and those of all others; None where one of them is the same for all.

    The item-rest correlation of test theory: near 1 the strong solve it and the weak do not, near 0 anybody may.
    """
    try:
        return correlation(*([float(value) for value in values] for values in zip(*pairs, strict=True)))
    except StatisticsError:
        return None


def _frequent(answers):
    """What was found most often: (exercise, code, one of its messages, the students who were told it)."""
    found, example = defaultdict(set), {}
    for student, answer in answers:
        for finding in answer["findings"]:
            if finding["mark"] in ("look here", "advice") and finding["code"] not in {UNANSWERED, *STATUS}:
                key = answer["title"], finding["code"]
                found[key].add(student)
                example.setdefault(key, finding["message"])
    often = sorted(found, key=lambda key: (-len(found[key]), key))[:MOST]
    return [(*key, example[key], sorted(found[key])) for key in often]


def pages_of(students):
    """{student: file name of the page}; no two share one, not even where case is not told apart."""
    pages, taken = {}, set()
    for student in students:
        name = clean(student)
        if name.casefold() in taken:
            name += "~" + sha256(student.encode(errors="surrogatepass")).hexdigest()[:8]
        taken.add(name.casefold())
        pages[student] = f"{name}.html"
    return pages


@cache
def title(stem):
    """The heading of a master notebook; of anything else, its name."""
    if stem not in masters():
        return stem
    first = "".join(json.loads(masters()[stem].read_text(encoding="utf-8"))["cells"][0]["source"])
    return first.splitlines()[0].removeprefix("# ") if first.startswith("# ") else stem


# --- How text is set -------------------------------------------------------------------------------------------------

BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # they would turn round the text behind them


def plain(value):
    """Text without what a page cannot hold or what would change how it is read; other values as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = value.translate(BIDI)
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in text)


def code(text):
    """Escaped text; what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(plain(text)))))


PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    finalize=plain,  # of every value, so that none can be forgotten
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters["code"] = code
PAGES.globals["signs"] = MARKS
FEEDBACK, REPORT = PAGES.get_template("feedback.html"), PAGES.get_template("report.html")
