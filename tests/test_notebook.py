"""What JupyterLab shows where something has not run yet: asked of a real kernel, started as `course lab` starts one."""

import platform
import re

import pytest
from jupyter_client.manager import start_new_kernel

from course_utils.files import ROOT

STUB = "def identity_block(X, f, filters):\n    raise check.NotAnswered()"
SET_UP = "from course_utils import check"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JUPYTER_PATH", str(ROOT / "course_utils" / "jupyter" / "share"))
        environment.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
        manager, client = start_new_kernel(kernel_name="python3", cwd=tmp_path_factory.mktemp("work"))
    loading = "import os\nos.environ['COURSE_WORKSPACE'] = '.'\nimport keras\ndel os.environ['COURSE_WORKSPACE']"
    assert run(client, loading) == ("ok", "TensorFlow is being loaded, which takes some seconds ...")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(kernel, source):
    """(status, what is shown) of a cell."""
    shown = []

    def hear(message):
        content = message["content"]
        if message["msg_type"] in ("display_data", "execute_result"):
            shown.append(content["data"]["text/plain"])
        elif message["msg_type"] == "error":
            shown.append("red: " + content["ename"])

    reply = kernel.execute_interactive(source, output_hook=hear, timeout=60)
    return reply["content"]["status"], " ".join(shown)


CELLS = [  # in this order, in one kernel: source, status, what is shown
    ("check.identity_block(identity_block)", "error", "`check` is not there: the first cell of this notebook has not"),
    (SET_UP, "ok", ""),
    ("check.identity_block(identity_block)", "error", "`identity_block` is not there yet: run the cell above in which"),
    ("model.summary()", "error", "`model` is not there: the cell above that makes it has not run since the kernel was"),
    (STUB, "ok", ""),
    ("block = identity_block(1, 2, 3)", "ok", "This cell waits for identity_block above, which is not answered yet."),
    ("block.shape", "ok", "This cell waits for identity_block above"),
    ("y = [block]\nz = y", "ok", "This cell waits for identity_block above"),
    ("z", "ok", "This cell waits for identity_block above"),
    ("unheard_of", "error", "red: NameError"),
    ("1 / 0", "error", "red: ZeroDivisionError"),
    ("check.no_such_exercise", "error", "There is no exercise 'no_such_exercise'"),
    ("z = 3", "ok", ""),
    ("z", "ok", "3"),
]


def test_what_has_not_run_or_is_not_answered_is_said_in_a_line(kernel):
    told = [run(kernel, source) for source, _, _ in CELLS]
    assert [status for status, _ in told] == [status for _, status, _ in CELLS]
    for (_, shown), (_, _, wanted) in zip(told, CELLS, strict=True):
        assert shown.startswith(wanted) if wanted else not shown


def test_the_version_that_was_judged_is_named_when_a_later_one_failed(kernel):
    good = "def conv_output_size(n, f, stride=1, padding=0):\n    return 1"
    run(kernel, SET_UP)
    run(kernel, good)
    assert "Judged was" not in run(kernel, "check.conv_output_size(conv_output_size)")[1]
    run(kernel, good.replace("return 1", "return (n +"))
    told = run(kernel, "check.conv_output_size(conv_output_size)")[1]
    assert re.search(r"Judged was the version of \w+ that ran as \[\d+\]\. The latest one, \[\d+\], failed", told)
    run(kernel, good.replace("return 1", "return 2"))
    assert "Judged was" not in run(kernel, "check.conv_output_size(conv_output_size)")[1]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN is for processors of Intel and AMD")
def test_convolutions_are_computed_with_onednn(kernel):
    """On a processor without AVX-512 TensorFlow does not do so by itself."""
    asked = "from tensorflow.python.util._pywrap_util_port import IsMklEnabled\nIsMklEnabled()"
    assert run(kernel, asked) == ("ok", "True")


def test_a_check_that_takes_long_says_that_it_is_under_way(kernel, tmp_path):
    run(kernel, f"import os, time\n{SET_UP}\nfrom course_utils.check import feedback")
    run(kernel, f"os.environ['COURSE_WORKSPACE'] = {str(tmp_path)!r}\nfeedback.SILENT = 0.1")
    slow = "def conv_output_size(n, f, p=0, s=1):\n    time.sleep(0.05)\n    return 1"
    run(kernel, slow)
    told = run(kernel, "check.conv_output_size(conv_output_size)")[1]
    assert told.startswith("<IPython.core.display.HTML object> conv_output_size: 0 of 1 point")
    run(kernel, "del os.environ['COURSE_WORKSPACE']")
    assert run(kernel, "check.conv_output_size(conv_output_size)")[1].startswith("conv_output_size: 0 of 1 point")
