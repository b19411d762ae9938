"""ImageNet weights: which file is taken, and what is said where none can be had."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import pytest
from keras.src.applications import resnet

from course_utils import weights
from course_utils.errors import CourseError

LINE = "ImageNet weights of ResNet101V2: "


@pytest.fixture
def published(tmp_path, monkeypatch):
    """The bytes of the file that counts as published here: a real HDF5 file, only smaller."""
    with h5py.File(tmp_path / "made.h5", "w") as file:
        file["conv1_conv/kernel"] = range(1000)
    content = (tmp_path / "made.h5").read_bytes()
    monkeypatch.setattr(weights, "MD5", hashlib.md5(content).hexdigest())
    return content


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """COURSE_WEIGHTS_DIR, a Keras cache without weights, and no network."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("COURSE_WEIGHTS_DIR", str(folder))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    return folder


@pytest.fixture
def serve(monkeypatch):
    """serve(status, content, length=None): the address answers with this. Lists what was asked."""
    servers = []

    def start(status, content, length=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        asked, server = [], ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        servers.append((server, thread))
        monkeypatch.setattr(weights, "ADDRESS", f"http://127.0.0.1:{server.server_port}/{weights.NAME}")
        monkeypatch.delenv("COURSE_OFFLINE")
        return asked

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_file_is_the_one_that_keras_names():
    assert resnet.WEIGHTS_HASHES["resnet101v2"][1] == weights.MD5
    assert weights.ADDRESS == resnet.BASE_WEIGHTS_PATH + weights.NAME


def test_a_folder_of_downloaded_files(folder, published, capsys):
    (folder / weights.NAME).write_bytes(published)
    assert weights.imagenet_weights() == folder / weights.NAME
    assert capsys.readouterr().out == f"{LINE}from COURSE_WEIGHTS_DIR (verified)\n"


def test_another_file_under_that_name_is_refused(folder, published):
    with h5py.File(folder / weights.NAME, "w") as file:
        file["conv1_conv/kernel"] = range(999)
    with pytest.raises(CourseError, match=r"is not the published file, or not all of it .* download it again from"):
        weights.imagenet_weights()


@pytest.mark.parametrize("kept", [0, 1, 2048, -1])
def test_a_truncated_file_is_refused(folder, published, kept):
    (folder / weights.NAME).write_bytes(published[:kept])
    with pytest.raises(CourseError, match="or not all of it"):
        weights.imagenet_weights()


def test_what_cannot_be_read_is_refused(folder):
    (folder / weights.NAME).mkdir()
    with pytest.raises(CourseError, match=f"{weights.NAME} in COURSE_WEIGHTS_DIR cannot be read"):
        weights.imagenet_weights()


def test_a_folder_that_is_not_there_is_refused(folder):
    folder.rmdir()
    with pytest.raises(CourseError, match="names no folder"):
        weights.imagenet_weights()


def test_nothing_is_one_line(folder, capsys):
    assert weights.imagenet_weights() is None
    words = f"none, because COURSE_OFFLINE is set; COURSE_WEIGHTS_DIR has no {weights.NAME}"
    assert capsys.readouterr().out == f"{LINE}{words}\n"


def test_the_cache_of_keras_serves_without_a_network(published, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_WEIGHTS_DIR")
    path = tmp_path / "keras" / "models" / weights.NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(published)
    assert weights.imagenet_weights() == path
    assert capsys.readouterr().out == f"{LINE}from Keras's cache (verified)\n"
    path.write_bytes(published[:-1])  # what is broken there does not count
    assert weights.imagenet_weights() is None


def test_without_a_home_nothing_breaks(monkeypatch, capsys):
    """As in a container with a user of no name: then Python finds no home, and Keras keeps its files in /tmp."""
    for name in ("KERAS_HOME", "COURSE_WEIGHTS_DIR"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "~")
    monkeypatch.setenv("USERPROFILE", "~")
    assert weights._cache() == Path("/tmp/.keras/models")
    weights.imagenet_weights()
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_download_is_verified_and_kept(published, serve, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_WEIGHTS_DIR")
    asked = serve(200, published)
    path = weights.imagenet_weights()
    assert path == tmp_path / "keras" / "models" / weights.NAME
    assert path.read_bytes() == published
    assert weights.imagenet_weights() == path
    assert len(asked) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{LINE}from the network (verified)", f"{LINE}from Keras's cache (verified)"]


@pytest.mark.parametrize(
    ("status", "cut", "longer", "why"),
    [
        (404, 0, 0, f"the server answered 404 Not Found for {weights.NAME}"),
        (200, 100, 0, "the download has a wrong checksum"),
        (200, 100, 100, "the download broke off"),
    ],
)
def test_a_download_that_fails_is_one_line(published, serve, tmp_path, monkeypatch, capsys, status, cut, longer, why):
    monkeypatch.delenv("COURSE_WEIGHTS_DIR")
    serve(status, published[cut:], len(published) - cut + longer)
    assert weights.imagenet_weights() is None
    assert capsys.readouterr().out == f"{LINE}none, because {why}\n"
    assert not [*(tmp_path / "keras").rglob("*.*")]


def test_without_a_network_there_is_one_line(published, serve, monkeypatch, capsys):
    serve(200, published)
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9/nobody")
    assert weights.imagenet_weights() is None
    assert capsys.readouterr().out.startswith(f"{LINE}none, because there is no network")
