"""`course data`: where the pictures come from, seen and steered from the command line.

Nothing heavy is imported before a command runs: `course --help` lists this one, too.
"""

import os
from pathlib import Path
from typing import NamedTuple

import click

from course_utils.data import catalogue
from course_utils.errors import CourseError

names_argument = click.argument("names", nargs=-1, metavar="[NAMES]...")
FETCH_PATIENCE = 15  # seconds for a first answer: who asks for a download waits longer than a notebook does
PLACES = "COURSE_DATA_DIR", "cache", "drawn"
GOOD = "verified", "unverified copy", "intact"


class Found(NamedTuple):
    """A file of a set: in which of PLACES, which catalogue.File, its path, one of GOOD or what is wrong with it."""

    place: str
    file: catalogue.File
    path: Path
    word: str


@click.group()
def data():
    """See, download, check and add the course's pictures.

    For each set the course looks in the folder that COURSE_DATA_DIR names, then in its cache, then on the network
    (unless COURSE_OFFLINE=1), and draws a stand-in where none of these has it.
    """


@data.command(epilog="Example: course data status")
def status():
    """Show which source each set would come from now. Nothing is downloaded."""
    from rich.console import Console
    from rich.table import Table

    table = Table("set", "source", "verified", "MB", "where")
    for chosen in _sets(()):
        source, found = _would_use(chosen, _found(chosen))
        words = {one.word for one in found}
        verified = " ".join(words.difference(GOOD)) or ("yes" if words == {"verified"} else "no")
        size = sum(path.stat().st_size for one in found for path in _files(one.path)) / 1e6
        places = dict.fromkeys(str(one.path.parent) for one in found)
        table.add_row(chosen.name, source, verified, f"{size:.1f}", "\n".join(places))
    Console().print(table)


@data.command(epilog="Example: course data fetch happy signs")
@names_argument
def fetch(names):
    """Download the published files of the sets NAMES, or of all.

    Each file is verified by its checksum and kept in the cache. The exit code is 1 when a set could not be had; of all,
    those that nobody publishes do not count.
    """
    from course_utils.data import cache, network

    missing = []
    for chosen in _sets(names):
        try:
            with cache.locked(chosen):
                for file in chosen.files:
                    part = cache.real(chosen, file)
                    if not (part and part.verified):
                        _keep(chosen, file, network.download(chosen, file, FETCH_PATIENCE))
            click.echo(f"{chosen.name}: in the cache (verified)")
        except network.Unavailable as why:
            click.echo(f"{chosen.name}: not fetched, because {why}")
            if names or _is_published(chosen):
                missing.append(chosen.name)
    if missing:
        raise CourseError(f"Not fetched: {', '.join(missing)}; the course goes on with what it has or draws.")


@data.command(epilog="Example: course data verify happy")
@names_argument
def verify(names):
    """Check the files of the sets NAMES, or of all.

    Looks at checksums and contents, in COURSE_DATA_DIR and in the cache. A copy with the right contents and another
    checksum than the published file is called unverified, and may be used. The exit code is 1 when a file is damaged
    or not what it should be.
    """
    wrong = 0
    for chosen in _sets(names):
        found = _found(chosen)
        for one in found:
            click.echo(f"{chosen.name}: {one.path.name} ({one.place}): {one.word}")
            wrong += one.word not in GOOD
        if not found:
            click.echo(f"{chosen.name}: nothing here yet")
    if wrong:
        raise CourseError(f"{wrong} of these files cannot be used.")


@data.command(epilog="Example: course data add happy Downloads/train_happy.h5 Downloads/test_happy.h5")
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def add(name, paths):
    """Put files that you have into the cache, as the set NAME.

    PATHS are the files of the set, or a folder that holds them; for birds, the folder that holds a folder of pictures
    for each class; for cifar10, the folder of batches, the archive or an npz. They are checked first, and copied. A
    copy with another checksum than the published file is accepted, and called unverified ever after.
    """
    from course_utils.data import cache, folder, formats, loading

    chosen = catalogue.find(name)
    given = {}
    for path in (Path(os.path.abspath(path)) for path in paths):
        only_files = all(type(file) is catalogue.File for file in chosen.files)
        if path.is_dir() and (only_files or loading.in_folder(path, chosen)):
            given |= loading.in_folder(path, chosen)
        else:  # a file, or the folder that is the set
            given[_which(chosen, path)] = path
    if not given:
        wanted = " and ".join(file.name for file in chosen.files)
        raise CourseError(f"There is no {wanted} in that folder: name the files themselves.")
    parts = {file: loading.read_path(chosen, file, path) for file, path in given.items()}  # all, before any is kept
    with cache.locked(chosen):
        for file, part in parts.items():
            _keep(chosen, file, formats.content_of(file, part.path))
            note = folder.passed_over(part.path) if isinstance(file, catalogue.Folder) else ""
            click.echo(f"{name}: {part.path.name} added as {file.name} ({_word(part)}){note}")
        for file in chosen.files:
            if not cache.real(chosen, file):
                click.echo(f"{name}: {file.name} is still missing: add it, too, or let the course download it")


def _sets(names):
    return [catalogue.find(name) for name in names or catalogue.SETS]


def _found(chosen):
    """Every file of a set that is here, looked into."""
    from course_utils.data import cache, loading

    found = []
    folder = loading.in_folder(loading.data_dir(), chosen)
    missing = [file.name for file in chosen.files if file not in folder]
    for file, path in folder.items():
        try:
            word = _word(loading.read_path(chosen, file, path))
        except CourseError as error:
            word = str(error)
        found.append(Found("COURSE_DATA_DIR", file, path, f"without {missing[0]}" if missing else word))
    for file in chosen.files:
        for path in cache.paths(chosen, file):
            part = cache.examine(chosen, file, path)
            drawn = "-drawn-" in path.name
            word = "damaged" if part is None else "intact" if drawn else _word(part)
            found.append(Found("drawn" if drawn else "cache", file, path, word))
    return found


def _would_use(chosen, found):
    """The source that `load` would use, and those of the files found that belong to it."""
    from course_utils.data import network

    folder, cached, drawn = ([one for one in found if one.place == place] for place in PLACES)
    if folder:
        return "COURSE_DATA_DIR", folder
    if {one.file for one in cached if one.word in GOOD} == {*chosen.files}:
        return "cache", cached
    return "network, else drawn" if _is_published(chosen) and not network.offline() else "drawn", drawn


def _which(chosen, path):
    """The File of the set that this path holds: by its name, or else by what is in it."""
    from course_utils.data import loading

    for file in chosen.files:
        if path.name in (file.name, *file.also):
            return file
    for file in chosen.files[:-1]:
        try:
            loading.read_path(chosen, file, path)
        except CourseError:
            continue
        return file
    return chosen.files[-1]  # its reading says what is wrong, if anything is


def _is_published(chosen):
    return all(isinstance(file, catalogue.File) for file in chosen.files)


def _files(path):
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _word(part):
    return "verified" if part.verified else "unverified copy"


def _keep(chosen, file, content):
    from course_utils.data import cache

    _, problem = cache.keep(chosen, file, content)
    if problem:
        raise CourseError(
            f"The cache cannot be written ({problem}): free some space, or set COURSE_CACHE_DIR to a folder."
        )
