"""The `course` command."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median

import click

from course_utils.environment import for_keras
from course_utils.errors import CourseError
from course_utils.files import ROOT, masters, pages
from course_utils.profiles import PROFILES, SEEDS, chosen

JUPYTER = Path(__file__).parent / "jupyter"  # Jupyter's settings, and a kernel that says what has not run yet


class Course(click.Group):
    """A group whose commands end a user's error in one sentence, and Ctrl-C without a word."""

    def main(self, *args, **kwargs):
        try:
            return super().main(*args, **kwargs)
        except CourseError as error:
            sys.exit(f"course: {error}")
        except ModuleNotFoundError as error:
            if (error.name or "course_utils").startswith("course_utils"):
                raise
            sys.exit(
                f"course: this command needs {error.name}, which is not here: install the course with its extra lab, "
                'as in: pip install "WHEEL[lab]".'
            )

    def get_command(self, ctx, name):
        if name == "data":
            from course_utils.data.cli import data

            return data
        return super().get_command(ctx, name)

    def list_commands(self, ctx):
        return sorted([*super().list_commands(ctx), "data"])


@click.group(cls=Course, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="course-utils", prog_name="course", message="%(prog)s %(version)s")
def main():
    """Classic convolutional networks and ResNets, a course in notebooks.

    Students need one command: course lab.
    """
    for name in ("COURSE_DATA_DIR", "COURSE_CACHE_DIR"):
        if os.environ.get(name):  # a notebook's kernel runs in another folder
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))
    for_keras(os.environ)
    _first_on_path("JUPYTER_PATH", JUPYTER / "share")


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    default=ROOT / "workspace",
    help="Your own folder.",
    show_default="workspace/",
)
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(workspace, jupyter_options):
    """Open the course in JupyterLab.

    Lays your copies of the notebooks in workspace/ and starts JupyterLab there; the pictures are prepared meanwhile.
    What you have written is never overwritten: a newer version of a notebook is laid beside it. Further options go to
    JupyterLab, such as --no-browser or --port=9000.
    """
    from course_utils.release import lay_workspace

    for name, word in lay_workspace(workspace):
        click.echo(f"{name}: {word}")
    prepare = "from course_utils.data import NAMES, load\nfor name in NAMES:\n    load(name)"
    subprocess.Popen([sys.executable, "-c", prepare], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _first_on_path("JUPYTER_CONFIG_PATH", JUPYTER)
    _first_on_path("PATH", Path(sys.executable).parent)  # so that `course` is found in Jupyter's terminals
    os.environ["COURSE_WORKSPACE"] = str(workspace.resolve())
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={workspace.resolve()}"]
    command += ["--LabApp.default_url=/lab/tree/START.ipynb", "--Application.log_level=ERROR", *jupyter_options]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container, where Jupyter would ask for one more word
        command.append("--allow-root")
    click.echo("The course opens in your browser. To stop it, press Ctrl-C here, twice.")
    if os.name == "posix":
        os.execv(command[0], command)
    sys.exit(subprocess.call(command))


def _first_on_path(name, folder):
    """Put a folder before what a variable like PATH names already."""
    os.environ[name] = os.pathsep.join(filter(None, [str(folder), os.environ.get(name)]))


@main.command()
@click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "workspace",
    help="Your own folder.",
    show_default="workspace/",
)
def progress(workspace):
    """Show how far you have come: points by notebook, and what comes next."""
    from course_utils.workspace import Progress

    click.echo(Progress(workspace))


@main.command(epilog="Example: course run 03 --profile full --out results")
@click.argument("notebooks", nargs=-1)
@click.option("--profile", type=click.Choice(PROFILES), help="quick to look, full as published.  [default: quick]")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="out",
    show_default=True,
    help="Folder for what comes out.",
)
@click.option(
    "--save",
    is_flag=True,
    help="Also store the outputs in the notebooks themselves, made from the drawn data in profile quick (for authors).",
)
def run(notebooks, profile, out, save):
    """Run notebooks from end to end: all, or those named by number or name.

    Each executed notebook and its HTML page are written to the folder, and summary.json: status, seconds, which data
    it used (real, an unverified copy of it, or drawn) and the headline numbers of each. A notebook that fails does not
    stop the others; exit code 0 only when none failed.
    """
    from rich.console import Console
    from rich.table import Table

    from course_utils.run import run as run_notebooks

    console = Console()
    profile = chosen(profile)
    if save:
        profile = "quick"
        os.environ["COURSE_OFFLINE"] = "1"
        os.environ.pop("COURSE_DATA_DIR", None)
    paths = named(notebooks)
    try:
        summary = run_notebooks(paths, profile, out, console)
    except KeyboardInterrupt:
        sys.exit(130)
    table = Table("notebook", "status", "seconds", "data", "numbers")
    for entry in summary:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in entry["metrics"].items())
        data = ", ".join(f"{name} {kind}" for name, kind in entry["data"].items())
        table.add_row(entry["notebook"], entry["status"], f"{entry['seconds']:.1f}", data, numbers)
        if save and entry["status"] == "ok":
            paths[entry["notebook"]].write_bytes((out / f"{entry['notebook']}.ipynb").read_bytes())
    console.print(table)
    sys.exit(any(entry["status"] == "failed" for entry in summary))


@main.command()
@click.argument("notebooks", nargs=-1)
@click.option("--again", is_flag=True, help="Also those whose record is of today's notebook.")
@click.option("--seeds", type=click.IntRange(1), help="Runs of each recipe.  [default: as in profile full]")
@click.option("--page", "page_only", is_flag=True, help="Only write RESULTS.md anew.")
def results(notebooks, again, seeds, page_only):
    """Run notebooks in profile full and keep their numbers and curves: all, or those named by number or name.

    They go to course_utils/recorded, from which the notebooks draw them, and to RESULTS.md. On photos with
    COURSE_DATA_DIR set, else on what the course draws. Stopped, the same command goes on with the notebook at which it
    was. A notebook takes a quarter of an hour and more; exit code 0 only when none failed.
    """
    from rich.console import Console

    from course_utils.files import write_text
    from course_utils.results import PAGE, page, run_and_keep

    if page_only:
        write_text(PAGE, page())
        return
    if not os.environ.get("COURSE_DATA_DIR"):
        os.environ["COURSE_OFFLINE"] = "1"
    if seeds:
        os.environ[SEEDS] = str(seeds)
    try:
        failed = run_and_keep(named(notebooks), Console(), again)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(bool(failed))


def named(words):
    """The masters that the words name, by number (3, 03) or stem (03_happy_house.ipynb): {stem: path}; all for none."""
    if not words:
        return masters()
    known = pages()
    wanted = set()
    for word in words:
        stem = word.removesuffix(".ipynb").rpartition("/")[2]
        hits = [name for name in known if name == stem or name.split("_")[0] in (stem, stem.zfill(2))]
        if not hits:
            raise CourseError(f"There is no notebook {word!r}: there are {', '.join(known)}.")
        wanted.update(hits)
    return {name: path for name, path in known.items() if name in wanted}


@main.command(epilog="Example: COURSE_OFFLINE=1 course weights objects")
@click.argument("names", nargs=-1, required=True, type=click.Choice(["objects", "photos"]))
def weights(names):
    """Train the bodies that ship with the course anew (for authors): minutes each.

    "objects" learns from the course's own drawings, "photos" from those of CIFAR-10. The file of each, with what is
    known of it, is put in place of the one that is there.
    """
    from course_utils.bodies import train

    for name in names:
        about = train(name, click.echo)
        click.echo(f"{name}: {about['test_accuracy']:.3f} of {about['test_pictures']} test pictures")


@main.command()
@click.option("--messages", is_flag=True, help="List the sentences that a student can be told, with their fields.")
def exercises(messages):
    """List the exercises: notebook, points, and the steps that earn them."""
    if messages:
        from course_utils.check.messages import files
        from course_utils.check.messages import messages as sentences

        for name, path in files().items():
            for line, text in sentences(path):
                click.echo(f"{name}:{line}: {text}")
        return
    from course_utils.exercises import EXERCISES

    for name, about in EXERCISES.items():
        steps = ", ".join(f"{step.name} {step.points}" for step in about.steps)
        click.echo(f"{about.notebook} {name:<30} {about.points:>2}  {steps}")


@main.command("new-exercise", epilog="Example: course new-exercise depthwise_separable --notebook 02 --kind block")
@click.argument("name")
@click.option("--notebook", required=True, help="The notebook that it goes to, by number or name.")
@click.option("--kind", type=click.Choice(["array", "block", "network"]), required=True, help="What is asked for.")
def new_exercise(name, notebook, kind):
    """Begin a new exercise (for authors): its file, its cells in the notebook, a table of answers.

    What is to be filled in says TODO, and `make test` fails by name until it is. CONTRIBUTING.md tells the rest.
    """
    from course_utils.new_exercise import new_exercise as begin

    ((stem, path),) = named([notebook]).items()
    for written in begin(name, stem, path, kind):
        click.echo(written)


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--only",
    multiple=True,
    metavar="NOTEBOOK",
    help="Only this notebook, by number or name; may be repeated.",
)
@click.option("--github", metavar="OWNER/REPOSITORY", help="To be opened from there in Colab, Binder or Codespaces.")
def release(folder, only, github):
    """Write student copies of the notebooks to FOLDER: no solutions, no outputs.

    They keep the masters' file names and nbgrader's cell metadata. Nothing is ever overwritten. With --github each
    begins with a cell that installs the course in Google Colab, and says where it can be opened.
    """
    from course_utils.release import release as write

    if github and not re.fullmatch(r"[\w.-]+/[\w.-]+", github):
        raise CourseError(f"{github} is no repository of GitHub: write OWNER/REPOSITORY.")
    for path in write(folder, set(named(only)) if only else None, github):
        click.echo(path)


@main.command(epilog="Example: course collect submissions.zip -o handed_in --roster roster.csv")
@click.argument("download", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="A new folder to lay it in."
)
@click.option("--roster", type=click.Path(path_type=Path), help="The class list: everybody on it gets a folder.")
@click.option("--collected", type=click.Path(path_type=Path), help="A collected.csv that you have looked through.")
def collect(download, out, roster, collected):
    """Lay what students handed in into a clean folder: OUT/STUDENT/NOTEBOOK.ipynb.

    OUT/collected.csv says of each file of the download whose it is, whether it counts and why not: look through it,
    change what is wrong, and give it back with --collected. `course grade` does the same first.
    """
    from course_utils.grading import hand_ins

    found = hand_ins.collect(download, roster, collected)
    count = hand_ins.lay_out(found, out)
    for words in found.words:
        click.echo(words)
    told = (
        f"What counts is in {out}: {count} of {len(found.rows)} files. {out / 'collected.csv'} tells of each of them."
    )
    click.echo(told)


@main.command(epilog="Example: course grade handed_in -o grades --jobs 4")
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the grades."
)
@click.option("--jobs", type=click.IntRange(1), help="Submissions graded at a time.  [default: one a processor]")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Grade on the Dask cluster at this address, such as tcp://head:8786."
)
@click.option("--seed", type=click.IntRange(0), help="Of the hidden probes.  [default: drawn anew]")
@click.option(
    "--seconds",
    type=click.FloatRange(1),
    default=30,
    show_default=True,
    help="For a notebook, by the clock; waiting for a processor is free.",
)
@click.option("--roster", type=click.Path(path_type=Path), help="The class list: everybody on it gets a row.")
@click.option("--collected", type=click.Path(path_type=Path), help="A collected.csv that you have looked through.")
@click.option(
    "--class",
    "rules",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What counts, see GRADING.md.  [default: class.toml in OUT, in SUBMISSIONS or beside it]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on in the same folder: grade what is new or has changed, also in a newer download.",
)
@click.option("--only", multiple=True, metavar="STUDENT", help="Grade only this student again; may be repeated.")
@click.option(
    "--no-isolation", is_flag=True, help="Run what students wrote with your own rights, where nothing isolates."
)
def grade(submissions, out, jobs, scheduler, seed, seconds, roster, collected, rules, resume, only, no_isolation):
    """Grade what students handed in: SUBMISSIONS/STUDENT/NOTEBOOK.ipynb.

    Also read are zip files of these, one zip file a student, and what Canvas, Moodle and other platforms hand out.
    Notebooks are told by their cells, whatever they are called; of two of the same the answered one counts, then the
    later one: OUT/collected.csv says which and why. Each answer runs isolated, with limits, and is judged outside.
    Exit code 0 when everybody was graded, whatever the marks.
    """
    if os.name != "posix":
        raise CourseError("Windows cannot grade: do it in a container, as GRADING.md says.")
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Table

    from course_utils.grading import grade as grading
    from course_utils.grading.sandbox import Limits

    console = Console()
    columns = TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=None)

        def step(count, total, record):
            progress.update(bar, completed=count, total=total)

        jobs, isolated, limits = jobs or os.cpu_count(), not no_isolation, Limits(seconds, int(2 * seconds))
        try:
            more = {"only": only, "rules": rules, "roster": roster, "corrected": collected}
            graded = grading.grade(submissions, out, jobs, scheduler, seed, resume, isolated, limits, step, **more)
        except KeyboardInterrupt:
            progress.stop()
            console.print(f"Stopped. What is graded is in {out}: go on with --resume.", markup=False, highlight=False)
            sys.exit(130)
    for words in graded.words:
        console.print(words, markup=False, highlight=False)
    _print_changes(console, graded)
    table = Table("notebook", "handed in", "median", "of", "not graded to the end")
    for stem in graded.stems:
        mine = [record for record in graded.records if record["notebook"] == stem]
        here = [record for record in mine if record["status"] != "missing"]
        totals = [sum(one["points"] for one in record["exercises"]) for record in here]
        odd = Counter(record["status"] for record in here if record["status"] != "ok")
        most = sum(one["max_points"] for one in mine[0]["exercises"])
        words = ", ".join(f"{count} {status}" for status, count in odd.items())
        table.add_row(stem, f"{len(here)} of {len(mine)}", f"{median(totals):g}" if totals else "", str(most), words)
    console.print(table)
    _print_places(console, out, graded)


@main.command(epilog="Example: course marks grades --dry-run")
@click.argument("grades", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--class",
    "rules",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What counts, see GRADING.md.  [default: class.toml in GRADES, or that of the last `course grade`]",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def marks(grades, rules, dry_run):
    """Apply your own words to what is graded: GRADES/corrections.csv, GRADES/late.csv and class.toml.

    Nothing is graded again, and the machine's marks stay in GRADES/results. The tables, the feedback and the report are
    written anew, and what changes in grades.csv is printed.
    """
    from rich.console import Console

    from course_utils.grading.grade import settle

    console = Console()
    settled = settle(grades, rules, dry_run, strict=True)
    _print_changes(console, settled, most=None)
    if not settled.changes:
        console.print("Nothing changes in grades.csv.")
    if dry_run:
        console.print("Nothing was written.")
    else:
        _print_places(console, grades, settled)


def _print_changes(console, graded, most=40):
    """What is different in grades.csv; after grading, of those who were there before."""
    from rich.table import Table
    from rich.text import Text

    changes = [change for change in graded.changes if most is None or change[2]]
    if not changes:
        return
    table = Table("student", "what", "before", "after", "why")
    for row in changes[:most]:
        table.add_row(*map(Text, row))
    console.print(table)
    if len(changes) > len(changes[:most]):
        console.print(f"and {len(changes) - most} more changes in grades.csv.")


def _print_places(console, out, graded):
    told = f"Grades: {out / 'grades.csv'}. The class: {out / 'report.html'}."
    told += f" What counts: {graded.rules}." if graded.rules else ""
    console.print(told, markup=False, highlight=False, soft_wrap=True)  # a path in two lines cannot be copied


@main.command(epilog="Example: course compare handed_in -o compare.html")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="compare.html",
    show_default=True,
    help="The page with the pairs side by side.",
)
@click.option(
    "--least",
    type=click.FloatRange(0.5, 0.99),
    default=0.8,
    show_default=True,
    help="How alike two long answers must be; short and usual ones more.",
)
def compare(folder, out, least):
    """List pairs of students whose answers are alike.

    FOLDER is what `course grade` reads. Names, texts, comments, the order of statements and what the notebook gives do
    not count, and what many of the class write counts little. No code is run. It finds answers that are alike; it
    cannot tell who wrote first, nor whether both followed the same source.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from course_utils.grading import compare as comparing

    console = Console()
    pairs, count, remarks = comparing.compare(folder, least)
    comparing.write(out, pairs, count)
    for words in [*remarks, comparing.CAN]:
        console.print(words, markup=False, highlight=False)
    if pairs:
        table = Table("pair", "alike in", "alike")
        for one in pairs[: comparing.MOST]:
            where = f"{one.where} ({comparing.COURSE}, too)" if one.of_course else one.where
            table.add_row(Text(" and ".join(one.students)), Text(where), f"{one.likeness:.0%}")
        console.print(table)
    number = f"{len(pairs)} pairs stand" if len(pairs) > 1 else f"{len(pairs) or 'No'} pair stands"
    told = f"{number} out among {count} students. Side by side: {out}."
    console.print(told, markup=False, highlight=False, soft_wrap=True)  # a path in two lines cannot be copied


@main.command(epilog="Example: course submit workspace/04_residual_blocks.ipynb")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path), metavar="[WORKSPACE or NOTEBOOK]...")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The zip file.  [default: hand_in.zip beside the notebooks]"
)
@click.option(
    "--no-run", is_flag=True, help="Only check the answers, and run no notebook from top to bottom: much faster."
)
def submit(places, out, no_run):
    """Lay your notebooks in one zip file to hand in, and check them.

    By default these are all notebooks in workspace/ that hold an answer. You are told which exercises are not answered
    yet, how many points to expect, and whether each notebook runs from top to bottom on the drawn pictures, which takes
    about a minute and a half each. The file is written whatever is found; one that is there already is not overwritten.
    """
    from rich.console import Console

    from course_utils.submit import submit as hand_in

    workspace = os.environ.pop("COURSE_WORKSPACE", None) or ROOT / "workspace"  # where no check shall keep its result
    os.environ["COURSE_OFFLINE"] = "1"
    os.environ.pop("COURSE_DATA_DIR", None)
    try:
        hand_in(places or [Path(workspace)], out, not no_run, Console())
    except KeyboardInterrupt:
        sys.exit(130)
