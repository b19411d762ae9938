"""A small set under the name "happy", in the published format, and a server that serves it well or badly."""

import dataclasses
import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np

from course_utils.data import catalogue

COUNTS = {"train": 40, "test": 20}
NAMES = ("train_happy.h5", "test_happy.h5")


def draw(seed=0):
    """The stand-in: noise, with labels 0 and 1 in turn."""
    rng = np.random.default_rng(seed)
    drawn = {"list_classes": np.arange(2)}
    for part, count in COUNTS.items():
        drawn[f"{part}_set_x"] = rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
        drawn[f"{part}_set_y"] = np.arange(count) % 2
    return drawn


def h5(arrays):
    """An HDF5 file's bytes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as store:
        for key, array in arrays.items():
            store[key] = array
    return buffer.getvalue()


def arrays(part, seed=1):
    """What the published file of a part holds."""
    drawn = draw(seed)
    return {key: drawn[key] for key in (f"{part}_set_x", f"{part}_set_y", "list_classes")}


def published():
    """The set's files: {name: bytes}."""
    return {name: h5(arrays(part)) for name, part in zip(NAMES, COUNTS, strict=True)}


def entry():
    """The catalogue's entry for the small set; its addresses lead nowhere."""
    files = []
    happy = catalogue.SETS["happy"]
    for file, content in zip(happy.files, published().values(), strict=True):
        sha256, blob = hashlib.sha256(content).hexdigest(), hashlib.sha1(b"blob %d\0" % len(content) + content)
        files.append(dataclasses.replace(file, size=len(content), sha256=sha256, blob=blob.hexdigest()))
    counts = {f"{axis}_{part}": count for part, count in COUNTS.items() for axis in "xy"}
    return dataclasses.replace(happy, files=tuple(files), counts=counts, drawing="tiny_set")


class Server:
    """A mirror on this machine: how it answers is set by `manner`, what it was asked is in `asked`."""

    def __init__(self, manner="right", delay=0.0):
        self.manner, self.delay = manner, delay
        self.asked = []
        self.half_sent, self.closing = threading.Event(), threading.Event()
        files, server = published(), self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                server.asked.append(name)
                server.closing.wait(server.delay)
                getattr(server, server.manner)(self, files[name])

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *args: None  # clients that hang up are what is tested here
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def right(self, request, content, length=None, kind="application/octet-stream"):
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(length or len(content)))
        request.end_headers()
        request.wfile.write(content)

    def wrong_hash(self, request, content):
        self.right(request, content[:-1] + b"?")

    def too_long(self, request, content):
        self.right(request, content * 3)

    def html(self, request, content):
        self.right(request, b"\n<!DOCTYPE html><html><body>Sign in to the Wi-Fi</body></html>", kind="text/html")

    def lfs_pointer(self, request, content):
        self.right(request, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7379760\n")

    def truncated(self, request, content):
        self.right(request, content[: len(content) // 2], len(content))

    def truncated_silently(self, request, content):
        self.right(request, content[: len(content) // 2])

    def missing(self, request, content):
        request.send_error(404)

    def stall(self, request, content):
        self.right(request, content[: len(content) // 2], len(content))
        self.half_sent.set()
        self.closing.wait(30)

    def drip(self, request, content):
        self.right(request, content[: len(content) // 2], len(content))
        for byte in content:
            if self.closing.wait(0.05):
                break
            request.wfile.write(bytes([byte]))

    def slow(self, request, content):
        self.right(request, content[:50_000], len(content))
        for begin in range(50_000, len(content), 120_000):
            self.closing.wait(0.4)
            request.wfile.write(content[begin : begin + 120_000])

    def silent(self, request, content):
        self.closing.wait(30)
