"""What is said of networks that stand in the way: certificates, proxies, slow and silent servers; all of them real."""

import socket
import ssl
import threading

import pytest
from tiny_set import Server, draw, entry

from course_utils import weights
from course_utils.data import catalogue, load, network

# Of nobody but these tests: a key, a certificate of it for 127.0.0.1, and one that was valid in 2020.
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggXv5A9qT8hJt4o/D
XSS5U0Rj7i4UebbviSh5ldLdikehRANCAASLHAKzaIKjt+tqtEMUBfzOCHW5HlIX
Joueog0FuwFi2DAIGHg8QEbtiigcvNy9UjAYlmAQc8LkMOmvs1ltQBf/
-----END PRIVATE KEY-----
"""
GOOD = """\
-----BEGIN CERTIFICATE-----
MIIBQjCB6aADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDGNvdXJzZSB0
ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFzEVMBMGA1UE
AwwMY291cnNlIHRlc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEixwCs2iC
o7frarRDFAX8zgh1uR5SFyaLnqINBbsBYtgwCBh4PEBG7YooHLzcvVIwGJZgEHPC
5DDpr7NZbUAX/6MkMCIwDwYDVR0RBAgwBocEfwAAATAPBgNVHRMBAf8EBTADAQH/
MAoGCCqGSM49BAMCA0gAMEUCIQC3fcWQFPiqcWXyrcvB5nxnS3IOfnc+WN822WqD
0oLyMQIgIp1CMYgF3Kvo5ox38XsT8jRHNo5iDyCBsf3FdhqOKrQ=
-----END CERTIFICATE-----
"""
OLD = """\
-----BEGIN CERTIFICATE-----
MIIBQTCB56ADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDGNvdXJzZSB0
ZXN0czAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAwMDBaMBcxFTATBgNVBAMM
DGNvdXJzZSB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIscArNogqO3
62q0QxQF/M4IdbkeUhcmi56iDQW7AWLYMAgYeDxARu2KKBy83L1SMBiWYBBzwuQw
6a+zWW1AF/+jJDAiMA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAK
BggqhkjOPQQDAgNJADBGAiEAj9BC4OiOEl0kQ6jl+Pkk2CPcWq1JwTAHOLGE/2K9
kj0CIQDNkYf7+GwyX8JERSfQ0Vub3dOq9Jde9kiXl/VYXmBLKA==
-----END CERTIFICATE-----
"""


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """The small set, an empty cache, no proxy, and a network that nothing is remembered about."""
    for name in ("COURSE_DATA_DIR", "COURSE_OFFLINE", "COURSE_DATA_MIRROR", "COURSE_WEIGHTS_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setitem(catalogue.SETS, "happy", entry())
    monkeypatch.setattr(network, "_failed", {})


def why(capsys):
    """Why the set is drawn, and that the weights, asked for at the same place, say the same."""
    data = load("happy")
    assert data.x_train.sum() == draw(0)["train_set_x"].sum()
    (printed,) = capsys.readouterr().out.splitlines()
    assert "no network" not in printed
    return printed.partition(" (embedded), because ")[2]


def weights_say(capsys, monkeypatch, address):
    monkeypatch.setattr(weights, "ADDRESS", address)
    assert weights.imagenet_weights() is None
    return capsys.readouterr().out.partition(": none, because ")[2].strip()


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """secure(certificate): a server that speaks TLS with it is the mirror."""
    servers = []

    def start(certificate):
        (tmp_path / "both.pem").write_text(KEY + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "both.pem")
        server = Server()
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        servers.append(server.__enter__())
        monkeypatch.setenv("COURSE_DATA_MIRROR", server.url.replace("http:", "https:"))
        return server

    yield start
    for server in servers:
        server.__exit__()


def test_a_certificate_that_nobody_vouches_for(secure, capsys, monkeypatch, tmp_path):
    """As where a network inspects traffic; with the network's own certificate named, all is well."""
    server = secure(GOOD)
    sentence = (
        "the certificate of 127.0.0.1 is not trusted: self-signed certificate (REQUESTS_CA_BUNDLE can name another one)"
    )
    assert why(capsys) == sentence
    address = server.url.replace("http:", "https:")
    assert weights_say(capsys, monkeypatch, address) == sentence
    (tmp_path / "network.pem").write_text(GOOD)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "network.pem"))
    monkeypatch.setattr(network, "_failed", {})
    assert load("happy").source.kind == "download"


def test_a_certificate_that_has_expired_or_a_wrong_clock(secure, capsys, monkeypatch, tmp_path):
    secure(OLD)
    (tmp_path / "network.pem").write_text(OLD)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "network.pem"))
    assert why(capsys).startswith("the certificate of 127.0.0.1 is not trusted: certificate has expired")


def test_no_tls_at_all(capsys, monkeypatch):
    with Server() as server:
        monkeypatch.setenv("COURSE_DATA_MIRROR", server.url.replace("http:", "https:"))
        assert why(capsys) == "no secure connection to 127.0.0.1 comes about"


@pytest.fixture
def proxy(monkeypatch):
    """proxy(answer): a proxy that gives this answer to whatever it is asked, or hangs up, for all addresses."""
    listener = socket.create_server(("127.0.0.1", 0))
    answers = []

    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                if connection.recv(4096):
                    connection.sendall(answers[0])

    thread = threading.Thread(target=serve)

    def start(answer):
        answers.append(answer)
        thread.start()
        monkeypatch.delenv("NO_PROXY")
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("mirror", ["", "http://mirror.example"], ids=["https", "http"])
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [(REFUSED, "the proxy refuses (407 Proxy Authentication Required)"), (b"", " breaks the connection off")],
    ids=["password", "hangs up"],
)
def test_a_proxy_that_refuses(proxy, capsys, monkeypatch, mirror, answer, sentence):
    proxy(answer)
    monkeypatch.setenv("COURSE_DATA_MIRROR", mirror)
    assert why(capsys).endswith(sentence)
    if answer:
        assert weights_say(capsys, monkeypatch, "https://weights.example/x.h5") == sentence


def test_a_slow_answer_is_waited_for_where_somebody_is_there(monkeypatch):
    monkeypatch.setattr(network, "SOMEBODY", 0.3)
    with Server(delay=0.8) as server:
        monkeypatch.setenv("COURSE_DATA_MIRROR", server.url)
        assert load("happy").source.kind == "download"


def test_a_host_that_takes_calls_and_is_silent_is_named_and_not_asked_again(monkeypatch, capsys):
    monkeypatch.setattr(network, "FIRST_ANSWER", 0.3)
    with Server("silent") as server:
        for file in catalogue.SETS["happy"].files:
            object.__setattr__(file, "address", f"{server.url}/{file.name}")
        assert why(capsys) == "127.0.0.1 does not answer"
        assert why(capsys) == "127.0.0.1 does not answer"
        assert server.asked == ["train_happy.h5"]
