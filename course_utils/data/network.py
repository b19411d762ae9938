"""Downloads: an answer within a moment or none at all, every byte verified before anybody sees it."""

import io
import os
import threading
import time

import pooch
import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from course_utils.data import formats
from course_utils.data.catalogue import Folder

FIRST_ANSWER = 1.5  # seconds for the first byte, name look-up included: what a machine without network pays, once
STALL = 5.0  # seconds in which at least PACE bytes must come
PACE = 32 * 1024

_failed = {}  # what has failed in this process is not tried again: {mirror or address: why}


class Unavailable(Exception):
    """Why there is no download, as the end of a sentence: "... because there is no network"."""


class NoAnswer(Unavailable):
    """Nobody answers, so that another file of the same place need not be tried."""


def offline():
    """Whether COURSE_OFFLINE asks to leave the network alone."""
    return os.environ.get("COURSE_OFFLINE", "") not in ("", "0")


def download(chosen, file, patience=FIRST_ANSWER):
    """The bytes of a published file of the set `chosen`, verified, an Archive unpacked; raises Unavailable.

    COURSE_DATA_MIRROR=URL replaces the file's own address by URL/<set>/<file>. patience: seconds for the first byte.
    """
    if isinstance(file, Folder):
        raise Unavailable("no public address of the photos is known")
    if offline():
        raise Unavailable("COURSE_OFFLINE is set")
    mirror = os.environ.get("COURSE_DATA_MIRROR", "").rstrip("/")
    address = f"{mirror}/{chosen.name}/{file.address.rpartition('/')[2]}" if mirror else file.address
    for place in (mirror, address):
        if place in _failed:
            raise Unavailable(_failed[place])
    try:
        return formats.unpacked(file, _verified(file, _fetch(file, address, patience)), file.name)
    except NoAnswer:
        _failed[mirror] = "COURSE_DATA_MIRROR does not answer" if mirror else "there is no network"
        raise NoAnswer(_failed[mirror]) from None
    except Unavailable as why:
        _failed[address] = str(why)
        raise


class _Body(io.BytesIO):
    """What has come so far; the transfer ends when it is more than `limit` bytes."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def write(self, chunk):
        super().write(chunk)
        if self.tell() > self.limit:
            raise OverflowError


def _fetch(file, address, patience):
    """The bytes that the address serves, hardly more than the file has; raises Unavailable.

    The transfer runs in a thread of its own, since name look-up knows no time-out and a socket's does not notice a
    server that sends a byte now and then.
    """
    body, answers, errors = _Body(file.size), [], []

    def transfer():
        hooks = {"response": lambda answer, **kwargs: answers.append(answer)}
        try:
            pooch.HTTPDownloader(timeout=(patience, patience + STALL), hooks=hooks)(address, body, None)
        except Exception as error:
            errors.append(error)
        for answer in answers:
            answer.close()

    thread = threading.Thread(target=transfer, daemon=True)
    thread.start()
    try:
        _watch(thread, body, file, patience)
    finally:
        body.limit = 0  # a transfer that is given up ends at its next byte
    if errors and not isinstance(errors[0], OverflowError):
        raise _explained(errors[0], file, body)
    return body.getvalue()


def _watch(thread, body, file, patience):
    """Wait for the transfer, with a bar when it takes long; raises Unavailable when it does not get on."""
    begin = since = time.monotonic()
    received = 0
    columns = TextColumn(f"downloading {file.name}"), BarColumn(), DownloadColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=True)
    task = bar.add_task("", total=file.size)
    with bar:
        while thread.is_alive():
            thread.join(0.05)
            now, size = time.monotonic(), body.tell()
            if size - received >= PACE or received == 0 < size:
                received, since = size, now
            elif now - since > (STALL if size else patience):
                raise Unavailable(f"the download of {file.name} stalled") if size else NoAnswer
            if bar.disable and now - begin > 1 and size:
                bar.disable = False
                bar.start()
            bar.update(task, completed=size)


def _explained(error, file, body):
    """The Unavailable that says what the exception of a transfer means."""
    if isinstance(error, requests.HTTPError):
        answer = error.response
        return Unavailable(f"the server answered {answer.status_code} {answer.reason} for {file.name}")
    if body.tell():
        return Unavailable(f"the download of {file.name} broke off")
    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return NoAnswer()
    return Unavailable(f"the address of {file.name} cannot be used ({type(error).__name__})")


def _verified(file, content):
    if thing := formats.other_thing(content):
        raise Unavailable(f"{thing} came instead of {file.name}")
    if len(content) < file.size:
        raise Unavailable(f"the download of {file.name} broke off")
    if not formats.is_official(file, content):
        raise Unavailable(f"the download of {file.name} has a wrong checksum")
    return content
