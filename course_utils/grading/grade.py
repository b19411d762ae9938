"""Grading a class: each submission through a sandbox and a judge, each result written the moment it is known."""

import atexit
import errno
import hashlib
import json
import secrets
import socket
import threading
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from course_utils.check import EXERCISES, asking
from course_utils.check.result import Finding, Result
from course_utils.errors import CourseError
from course_utils.files import write_text
from course_utils.grading import again, answers_page, gradebook, marks, protocol, report, sandbox, spreadsheet
from course_utils.grading.forkserver import JUDGE_SECONDS, ForkServer
from course_utils.grading.hand_ins import collect, write_collected
from course_utils.grading.submissions import all_masters, pair, parse

JUDGE_MAX_TASKS = 500  # exercises


class Task(NamedTuple):
    """One notebook of one student, ready to be graded anywhere; JSON-able throughout.

    request: for the sandbox. about: what its record says beside the marks.
    """

    student: str
    notebook: str
    request: dict
    about: dict


class Worker:
    """A place at which one submission at a time is graded: a sandbox of its own, and a judge."""

    def __init__(self, fork_server, limits):
        self.fork_server, self.limits = fork_server, limits
        self.commands = fork_server.fork("worker")
        self.judge, self.judged = None, 0

    def grade(self, task):
        """The record of a task: {"student", "notebook", "status", "seconds", "exercises"}."""
        ending, frames = self._run(task.request)
        found = {}
        for name, text in frames:
            found.setdefault(name, text)
        exercises = task.request["exercises"]
        answered = [exercise for exercise, _ in exercises if exercise in found]
        whole = protocol.LAST in found and len(answered) == len(exercises)
        status = (
            ending.status if ending.status != "ended" else "ok" if whole else "crashed" if answered else "no-result"
        )
        records = []
        for exercise, name in exercises:
            if exercise in found:
                records.append(self._judged([exercise, name, task.request["seed"]], found[exercise]))
            else:
                records.append(without(exercise, report.STATUS[status], status))
        return {
            "student": task.student,
            "notebook": task.notebook,
            "status": status,
            "seconds": round(ending.seconds, 3),
            "exercises": records,
            **task.about,
        }

    def _run(self, request):
        """(the Ending, the frames) of a request in the sandbox."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                command = json.dumps({"limits": self.limits, "isolated": self.fork_server.isolated}).encode()
                socket.send_fds(self.commands, [command], [theirs.fileno()])
            data = bytearray()
            with suppress(ConnectionError):  # it ended before it had read or said everything
                ours.sendall(protocol.json_of(request | {"asking": _asking(request)}))
                ours.shutdown(socket.SHUT_WR)
                while len(data) <= self.limits.answer and (more := ours.recv(1 << 20)):
                    data += more
        ending = self.commands.recv(2000)
        if not ending:
            raise CourseError("A process that grades ended by itself: run the command again with --resume.")
        return sandbox.Ending(*json.loads(ending)), protocol.frames(bytes(data[: self.limits.answer]))

    def _judged(self, asked, text):
        """The record of an exercise. asked: it, its function and the seed. text: what came out of the sandbox."""
        self.judged += 1
        if self.judge and self.judged % JUDGE_MAX_TASKS == 0:  # its memory grows with what it has seen
            self.judge.close()
            self.judge = None
        self.judge = self.judge or self.fork_server.fork("judge")
        try:
            self.judge.settimeout(20 * JUDGE_SECONDS)  # on the wall: others may use the processor, too
            self.judge.sendall(protocol.pack(asked) + protocol.frame(text))
            record = protocol.unpack(protocol.read_frame(self.judge))
        except (OSError, ValueError):
            self.judge.close()
            self.judge, record = None, {"error": "it could not be judged"}
        if "error" in record:
            text = "What the check got back cannot be judged: it is not what an answer to this exercise gives."
            return without(asked[0], text, "unreadable_evidence")
        return record


def _asking(request):
    """What is asked of each exercise of a request for the sandbox."""
    return {exercise: _one_asking(exercise, request["seed"]) for exercise, _ in request["exercises"]}


@lru_cache(256)  # the sets of probes of a run
def _one_asking(name, seed):
    exercise = EXERCISES[name]
    return {"kind": exercise.ask, "request": asking(name, hidden=True, seed=seed), "keras_given": exercise.keras_given}


def without(exercise, message, code):
    """The record of an exercise that could not be looked at."""
    points = EXERCISES[exercise].points
    return Result(exercise, points, [Finding(code, False, message, points=points)]).to_dict()


# --- Here or on another machine --------------------------------------------------------------------------------------

_here = threading.local()  # a thread's worker
_lock = threading.Lock()
_fork_servers = {}  # isolated or not -> the process's ForkServer
_shared = False  # do they outlast a run? See `warm`


def grade_here(task, limits, isolated):
    """Grade a task in this process and thread, which keep their warm processes for the next one."""
    if not hasattr(_here, "worker"):
        with _lock:
            if isolated not in _fork_servers:
                _fork_servers[isolated] = ForkServer(isolated)
                atexit.register(_fork_servers[isolated].stop)
        _here.worker = Worker(_fork_servers[isolated], limits)
    return _here.worker.grade(task)


@contextmanager
def _executor(jobs, scheduler):
    """Something with the `submit` of concurrent.futures, and how many tasks it may be given at a time."""
    if scheduler:
        from dask.distributed import Client

        try:
            client = Client(scheduler, timeout="10s")
        except (OSError, ValueError) as error:
            raise CourseError(f"There is no Dask scheduler at {scheduler}: {error}.") from None
        with client:
            yield client.get_executor(pure=False), lambda: 4 * max(1, sum(client.nthreads().values()))
        return
    executor = ThreadPoolExecutor(jobs)
    try:
        yield executor, lambda: 2 * jobs
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        if not _shared:
            _stop()


@contextmanager
def warm():
    """Several runs of this process share their fork server, which ends with the block."""
    global _shared
    _shared = True
    try:
        yield
    finally:
        _shared = False
        _stop()


def _stop():
    while _fork_servers:
        _fork_servers.popitem()[1].stop()


# --- The class -------------------------------------------------------------------------------------------------------


class Graded(NamedTuple):
    """A class, when it is graded. records: of everybody, with what the teacher says. words: for the teacher.

    changes: of grades.csv, as `gradebook.changes` gives them. rules: the class.toml that counted, or None.
    """

    records: list
    stems: list
    words: list
    changes: list
    rules: Path | None


def grade(
    place,
    out,
    jobs,
    scheduler=None,
    seed=None,
    resume=False,
    isolated=True,
    limits=None,
    progress=None,
    only=(),
    rules=None,
    **class_list,
):
    """Grade what lies under `place`, write everything to the folder `out`; returns what is `Graded`.

    With `resume` only what is new or has changed since the folder was written. only: students to grade again, and
    nobody else. rules: a class.toml. progress: called with (graded, total, record or None). class_list: `roster` and
    `corrected` of `collect`. Raises CourseError; what is known by then stays.
    """
    out, place, limits = Path(out), Path(place), limits or sandbox.Limits()
    known = again.known(out, resume or only)
    if seed is not None and known.get("seed", seed) != seed:
        raise CourseError(f"The grades in {out} were begun with --seed {known['seed']}: go on with that.")
    old = again.records(out)
    found = collect(place, **class_list)
    if not found.stems and not old:
        raise CourseError(f"{place} holds no notebook of this course that has exercises.")
    again.keep_names(found, old)
    students = {(row["student"], row["id"]) for row in found.rows if row["student"] in found.students}
    students |= {(student, "") for student in found.students}
    with marks.at("--only"):
        only = {marks.student_named(student, marks.names(students)) for student in only}
    why = again.why(found, old, only)

    rules = Path(rules) if rules else marks.rules_path(out, place, place.resolve().parent)
    stems = {*found.stems, *(stem for _, stem in old)}
    said = marks.read(out, rules, students | again.students(old.values()), [s for s in all_masters() if s in stems])
    wrong = marks.too_much([record for key, record in old.items() if key not in why], said.corrections)
    if wrong:
        raise CourseError(wrong[0])

    known = {"seed": known.get("seed", secrets.randbelow(2**31) if seed is None else seed)}
    with _plain_about_disks(out):
        again.remember(out, known | ({"rules": str(rules.resolve())} if rules else {}))
        write_collected(out / "collected.csv", found)
        for record in again.told_anew(found, old, why):
            _save(out, record)
    progress = progress or (lambda *_: None)
    count, total, answers = 0, len(why), {}
    progress(count, total, None)
    with _executor(jobs, scheduler) as (executor, room), _plain_about_disks(out):
        for record in _graded(executor, room, _tasks(found, [*why], known["seed"], answers), limits, isolated):
            count += 1
            _save(out, record)
            progress(count, total, record)
    with _plain_about_disks(out):
        _show_answers(out, found, {student for student, _ in why}, answers)
    graded = settle(out, rules)
    words = [*found.words, *again.news(why, old, found, said.corrections), *graded.words]
    return graded._replace(words=words)


def _show_answers(out, found, students, answers):
    """Write the pages on which the teacher sees what these students wrote. answers: what this run has read of it."""
    records, submissions = defaultdict(list), defaultdict(dict)
    for (student, _), record in sorted(again.records(out).items()):
        records[student].append(record)
    for (student, stem), one in found.chosen.items():
        if student in students:
            submission = answers.get((student, stem)) or pair(student, stem, parse(one.read()))
            submissions[student][stem] = submission
    pages = report.pages_of(sorted(records))
    for student in sorted(students):
        answers_page.write(out, student, records[student], submissions[student], pages[student])


def settle(out, rules=None, dry_run=False, strict=False):
    """Apply what the teacher says to the records in the folder `out` and write the tables and pages anew.

    dry_run: write nothing. strict: refuse a correction that does not fit the machine's marks. Returns what is `Graded`.
    """
    out, old = Path(out), again.records(out)
    if not old:
        raise CourseError(f"{out} holds no grades: `course grade` writes them there.")
    rules = rules or marks.rules_path(out) or again.remembered(out)
    stems = [stem for stem in all_masters() if stem in {stem for _, stem in old}]
    for key in ((student, stem) for student in {student for student, _ in old} for stem in stems):
        old.setdefault(key, _ungraded(*key, None))
    records = [old[key] for key in sorted(old)]
    said = marks.read(out, rules, again.students(records), stems)
    words = marks.too_much(records, said.corrections)
    if words and strict:
        raise CourseError(words[0])
    records = marks.corrected(records, said)
    changes = gradebook.changes(out, records, stems, said.rules)
    if not dry_run:
        with _plain_about_disks(out, "run the command again" if strict else "go on with --resume"):
            gradebook.write(out, records, stems, said.rules)
            spreadsheet.write(out / "grades.xlsx", gradebook.tables(records, stems, said.rules))
            report.write(out, records, stems, said.rules)
    return Graded(records, stems, words, changes, rules)


# --- Grading ---------------------------------------------------------------------------------------------------------


def _tasks(found, waiting, seed, answers):
    """For each pair a Task, or the record of what needs no grading; what was read goes to `answers`."""
    abouts = again.abouts(found)
    for student, stem in waiting:
        one, about = found.chosen.get((student, stem)), abouts[student, stem]
        if one is None:
            record = _ungraded(student, stem, found.broken.get((student, stem))) | about
            yield record | {"notes": found.notes.get((student, stem)) or record["notes"]}
            continue
        data = one.read()
        submission = answers[student, stem] = pair(student, stem, parse(data))
        about |= {
            "notes": [*found.notes.get((student, stem), ()), *submission.notes],
            "sha256": hashlib.sha256(data).hexdigest(),
            "course": again.course_of(stem),
        }
        yield Task(student, stem, submission.request(seed_of(seed, student, stem)), about)


def _ungraded(student, stem, why):
    status = "unreadable" if why else "missing"
    exercises = all_masters()[stem].exercises
    records = [without(exercise, why or report.STATUS[status], status) for exercise in exercises]
    about = {"student": student, "notebook": stem, "status": status, "seconds": 0.0}
    return about | {"exercises": records, "notes": [why] if why else []}


def _graded(executor, room, tasks, limits, isolated):
    """The records, each as soon as it is known; never more tasks under way than there is room for."""
    tasks, running, more = iter(tasks), set(), True
    while more or running:
        while more and len(running) < room():
            task = next(tasks, None)
            if isinstance(task, Task):
                running.add(executor.submit(grade_here, task, limits, isolated))
            elif task is None:
                more = False
            else:
                yield task
        if running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


def _place(out, student, stem):
    return out / "results" / student / f"{stem}.json"


def _save(out, record):
    write_text(_place(out, record["student"], record["notebook"]), json.dumps(record, indent=1) + "\n")


@contextmanager
def _plain_about_disks(out, then="go on with --resume"):
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        raise CourseError(f"{out} cannot be written ({error.strerror}): make room and {then}.") from None


SETS = 16  # of probes in a run: what is right for one is worked out once, and kept


def seed_of(seed, student, notebook):
    """The seed of the probes for one submission: one of those of the run, which nobody can know before it."""
    lot = _number(seed, student, notebook) % SETS
    return _number(seed, lot, notebook)


def _number(*words):
    digest = hashlib.sha256("\0".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
