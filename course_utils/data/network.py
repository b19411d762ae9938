"""Downloads: an answer within a moment or none at all, every byte verified before anybody sees it."""

import io
import os
import re
import threading
import time
from contextlib import suppress
from socket import create_connection
from urllib.parse import urlsplit

import pooch
import requests
from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from course_utils.data import formats
from course_utils.data.catalogue import Folder
from course_utils.data.telling import tell

SOMEBODY = 1.5  # seconds until somebody is there, name look-up included: what a machine without network pays, once
FIRST_ANSWER = 5.0  # seconds for the first byte of somebody who is there
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


def download(chosen, file, patience=SOMEBODY):
    """The bytes of a published file of the set `chosen`, verified, an Archive unpacked; raises Unavailable.

    COURSE_DATA_MIRROR=URL replaces the file's own address by URL/<set>/<file>. patience: seconds until somebody is
    there.
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
    except NoAnswer as why:
        _failed[mirror] = "COURSE_DATA_MIRROR does not answer" if mirror else str(why)
        raise NoAnswer(_failed[mirror]) from None
    except Unavailable as why:
        _failed[address] = str(why)
        raise


def find_somebody(address, patience=SOMEBODY):
    """Wait until there is somebody at the address, or at the proxy in front of it; raises NoAnswer.

    In a thread of its own, since name look-up knows no time-out.
    """
    proxy = select_proxy(address, get_environ_proxies(address))
    place = urlsplit(prepend_scheme_if_needed(proxy, "http") if proxy else address)
    found = []

    def connect():
        with suppress(OSError, ValueError):  # the latter of names and ports that cannot be
            port = place.port or (443 if place.scheme == "https" else 80)
            create_connection((place.hostname, port), patience).close()
            found.append(True)

    thread = threading.Thread(target=connect, daemon=True)
    if place.hostname:  # else the transfer says what is wrong with the address
        thread.start()
        thread.join(patience)
        if not found:
            raise NoAnswer("the proxy does not answer" if proxy else "there is no network")


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
    find_somebody(address, patience)
    body, answers, errors, patience = _Body(file.size), [], [], max(patience, FIRST_ANSWER)

    def transfer():
        hooks = {"response": lambda answer, **kwargs: answers.append(answer)}
        try:
            pooch.HTTPDownloader(timeout=patience + STALL, hooks=hooks)(address, body, None)
        except Exception as error:
            errors.append(error)
        for answer in answers:
            answer.close()

    thread = threading.Thread(target=transfer, daemon=True)
    thread.start()
    try:
        _watch(thread, body, file, address, patience)
    finally:
        body.limit = 0  # a transfer that is given up ends at its next byte
    if errors and not isinstance(errors[0], OverflowError):
        if body.tell() and not isinstance(errors[0], requests.HTTPError):
            raise Unavailable(f"the download of {file.name} broke off")
        raise explained(errors[0], file.name, address)
    return body.getvalue()


def _watch(thread, body, file, address, patience):
    """Wait for the transfer, with a bar when it takes long; raises Unavailable when it does not get on."""
    begin = since = time.monotonic()
    received, told = 0, False
    columns = TextColumn(f"downloading {file.name}"), BarColumn(), DownloadColumn()
    console = Console(stderr=True, force_jupyter=False)
    bar = Progress(*columns, console=console, transient=True, disable=True)
    task = bar.add_task("", total=file.size)
    with bar:
        while thread.is_alive():
            thread.join(0.05)
            now, size = time.monotonic(), body.tell()
            if size - received >= PACE or received == 0 < size:
                received, since = size, now
            elif now - since > (STALL if size else patience):
                if size:
                    raise Unavailable(f"the download of {file.name} stalled")
                raise NoAnswer(f"{urlsplit(address).hostname} does not answer")
            if not told and now - begin > 1 and size:
                told = True
                if console.is_terminal:
                    bar.disable = False
                    bar.start()
                else:
                    tell(f"{file.name}: downloading {file.size / 1e6:.0f} MB")
            bar.update(task, completed=size)


def explained(error, name, address):
    """The Unavailable that says what the exception of a transfer of the file `name` from the address means."""
    host, text = urlsplit(address).hostname, str(error)
    if isinstance(error, requests.HTTPError):
        answer = error.response
        if answer.status_code != 407:
            return Unavailable(f"the server answered {answer.status_code} {answer.reason} for {name}")
        text = f"Tunnel connection failed: {answer.status_code} {answer.reason}"  # as where the proxy tunnels
    if refused := re.search(r"Tunnel connection failed: (\d+ [\w ]+)", text):
        return Unavailable(f"the proxy refuses ({refused[1]})")
    if isinstance(error, requests.exceptions.SSLError):
        if why := re.search(r"certificate verify failed: ([\w' -]+)", text):
            return Unavailable(
                f"the certificate of {host} is not trusted: {why[1].strip()} (REQUESTS_CA_BUNDLE can name another one)"
            )
        return Unavailable(f"no secure connection to {host} comes about")
    if isinstance(error, (requests.ConnectTimeout, requests.ReadTimeout)):
        return NoAnswer(f"{host} does not answer")
    if isinstance(error, requests.exceptions.ProxyError):
        return Unavailable("the proxy breaks the connection off")
    if isinstance(error, requests.ConnectionError):
        return Unavailable(f"{host} breaks the connection off")
    return Unavailable(f"the address of {name} cannot be used ({type(error).__name__})")


def _verified(file, content):
    if thing := formats.other_thing(content):
        raise Unavailable(f"{thing} came instead of {file.name}")
    if len(content) < file.size:
        raise Unavailable(f"the download of {file.name} broke off")
    if not formats.is_official(file, content):
        raise Unavailable(f"the download of {file.name} has a wrong checksum")
    return content
