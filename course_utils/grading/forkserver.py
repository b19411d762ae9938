"""A fork server: a process that has imported everything, and forks those in which submissions run and are judged.

    main process ── fork server ──┬── worker: forks a sandbox for each submission
                                  └── judge: turns evidence into findings

TensorFlow takes two seconds to import; a fork takes a hundredth of one. A process that has run a TensorFlow operation
cannot be forked any more, so neither the fork server nor a worker ever runs one, and a worker never reads what a
student wrote: the next sandbox would inherit it.
"""

import gc
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile

from course_utils.environment import for_keras
from course_utils.errors import CourseError
from course_utils.grading import protocol, sandbox

JUDGE_SECONDS = 30  # of the processor, for the evidence of one exercise
JUDGE_MEMORY = 4 << 30
READY = b"."


class ForkServer:
    """The main process's end: starts workers and judges, which end with it.

    Raises CourseError where submissions cannot be isolated and shall be.
    """

    def __init__(self, isolated=True):
        if isolated and sys.platform != "linux":
            raise refusal("it needs Linux")
        self.isolated = isolated
        self.socket, theirs = socket.socketpair()
        self.home = tempfile.TemporaryDirectory(prefix="course-grade-")
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": self.home.name if not isolated else "/tmp",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(sandbox.PACKAGE.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "COURSE_OFFLINE": "1",
            "COURSE_CACHE_DIR": "/tmp/cache",
            "KERAS_HOME": self.home.name,  # empty: a keras.json elsewhere, as in /tmp, may be anybody's
            "MPLBACKEND": "agg",
            "MPLCONFIGDIR": self.home.name,
            "TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "1",  # TensorFlow's own pool of memory grows, and never shrinks
            "MALLOC_ARENA_MAX": "2",  # else each thread claims addresses, which are counted
            "OMP_NUM_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
        }
        if "TF_ENABLE_ONEDNN_OPTS" in os.environ:
            environment["TF_ENABLE_ONEDNN_OPTS"] = os.environ["TF_ENABLE_ONEDNN_OPTS"]
        for_keras(environment)
        command = [sys.executable, "-m", "course_utils.grading.forkserver", str(theirs.fileno()), str(int(isolated))]
        command += ["\n".join(_imports()), self.home.name]  # the last tells whose process it is
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, env=environment, pass_fds=[theirs.fileno()], stdin=quiet, stdout=quiet, stderr=quiet
        )
        theirs.close()
        answer = self.socket.recv(1000)
        if not answer:
            raise CourseError("The process that grades did not start: does `course run 04` work on this machine?")
        if answer != READY:
            self.stop()
            raise refusal(answer.decode())

    def fork(self, kind):
        """A socket to a new process: "worker" or "judge"."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.socket, [kind[:1].encode()], [theirs.fileno()])
        return ours

    def stop(self):
        """End it now, whatever it is doing, and with it all that it has forked."""
        self.process.kill()
        self.socket.close()
        self.process.wait()
        self.home.cleanup()


def refusal(problem):
    """The error to raise where nothing can be isolated."""
    return CourseError(
        f"Submissions cannot be isolated on this machine: {problem}. Grade in a container, as GRADING.md says, or "
        "trust what was handed in with --no-isolation."
    )


def main(descriptor, isolated, imports):
    """The fork server itself: import everything, then fork until the main process has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, whose end is the end of this one
    _warm_up(imports)
    gc.collect()
    gc.freeze()  # collections in the forks leave this memory alone, so that it stays shared
    gc.set_threshold(50_000)  # and are rare: most of the forks end before there is much to collect
    commands = socket.socket(fileno=descriptor)
    problem = sandbox.problem() if isolated else None
    commands.send(problem.encode() if problem else READY)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    while True:
        kind, descriptors, _, _ = socket.recv_fds(commands, 1, 1)
        if not kind:
            return
        if not os.fork():
            try:
                if sys.platform == "linux":
                    sandbox.die_with_parent()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                commands.close()
                with socket.socket(fileno=descriptors[0]) as connection:
                    {b"w": serve_worker, b"j": serve_judge}[kind](connection)
            finally:
                os._exit(0)
        os.close(descriptors[0])


def _imports():
    """The lines with which the notebooks and what asks import; nothing of the exercises and their judges.

    Asked for in the main process: in the fork server's memory no sandbox shall find what was once read of a master.
    """
    import ast

    from course_utils.check import EXERCISES
    from course_utils.grading.submissions import all_masters

    lines = {f"import course_utils.check.ask.{exercise.ask}" for exercise in EXERCISES.values()}
    lines |= {"import course_utils.grading.runner"}
    for master in all_masters().values():
        for source in master.cells.values():
            if "import" in source:
                found = (node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom))
                lines |= {ast.unparse(node) for node in found}
    return sorted(lines)


def _warm_up(imports):
    for line in imports:
        try:
            exec(line, {})
        except ImportError:  # of a notebook that needs more than this machine has
            continue


def serve_worker(commands):
    """For each descriptor that arrives, run `runner.answer` on it in a sandbox, and say how that ended.

    A command is JSON of the limits, and whether to isolate; the request itself is read inside.
    """
    from course_utils.grading import runner

    while True:
        command, descriptors, _, _ = socket.recv_fds(commands, 1000, 1)
        if not command:
            return
        asked = json.loads(command)
        limits = sandbox.Limits(*asked["limits"])
        kept = descriptors[0]

        def function(kept=kept):
            with socket.socket(fileno=kept) as connection:
                runner.answer(connection)

        ending = sandbox.run(function, limits, [kept], asked["isolated"])
        os.close(kept)
        commands.send(json.dumps(ending).encode())


def serve_judge(connection):
    """For each pair of frames, the record of a result.

    The first is [exercise, name of its function, seed], from the main process. The second came out of the
    sandbox: {"evidence"}, or what kept it from being collected, or anything at all.
    """
    from course_utils.check import conclude

    resource.setrlimit(resource.RLIMIT_DATA, (JUDGE_MEMORY, JUDGE_MEMORY))
    while asked := protocol.read_frame(connection):
        text = protocol.read_frame(connection)
        signal.setitimer(signal.ITIMER_PROF, JUDGE_SECONDS)  # the end of this process, and the main one forks another
        try:
            exercise, name, seed = protocol.unpack(asked)
            found = protocol.unpack(text)
            if "evidence" in found:
                record = conclude(exercise, found["evidence"], hidden=True, seed=seed).to_dict()
            else:
                record = _undefined(exercise, name, found)
            record = _clipped(record)
        except Exception as error:  # evidence that no answer leads to: forged, or garbage
            record = {"error": f"{type(error).__name__}: {error}"[:300]}
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.sendall(protocol.pack(record))


def _undefined(exercise, name, found):
    """The record of an exercise whose function is not there, with what stopped its cell."""
    from course_utils.check import EXERCISES
    from course_utils.check.judge import call_problem
    from course_utils.check.result import UNANSWERED, Finding, Result

    points, problem, finding = EXERCISES[exercise].points, found.get("problem"), None
    if "stopped" in found:
        text = f"{name} stops with {found['stopped']}, and what it did until then cannot be told. Who raises that?"
        finding = Finding("stopped", False, text, points=points)
    elif problem and problem["outcome"] == "unanswered":
        finding = Finding(UNANSWERED, False, problem["message"])
    elif problem:
        finding = call_problem(problem, points, f"The cell that should define {name}")
    text = f"After the notebook has run there is no {name}: which cell defines it?"
    return Result(exercise, points, [finding or Finding("not_defined", False, text, points=points)]).to_dict()


MAX_WORDS = 1000  # characters of a finding


def _clipped(record):
    """The record, its texts what every reader of it takes: of some length, and what UTF-8 can write."""
    for finding in record["findings"]:
        for key in "message", "expected", "got":
            if finding[key] is not None:
                finding[key] = str(finding[key])[:MAX_WORDS].encode(errors="replace").decode()
    return record


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "1", sys.argv[3].splitlines())
