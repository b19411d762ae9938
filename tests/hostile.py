"""A class of hostile submissions: what each does, how its run ends, and the points that its honest parts are worth.

Most attack from the cell of identity_block, with a right zero_pad_shortcut behind it: 3 points where that is reached.
"""

import io
import json
import os
import random
import textwrap
import zipfile
from typing import NamedTuple

from course_utils.check import collect
from course_utils.grading import protocol


class Hostile(NamedTuple):
    """answers: {exercise: source, or True for the master's}. status: those that the run may end with.

    marks: the points of all exercises together. file: (its name, its bytes) in place of a notebook with answers.
    """

    answers: dict
    status: tuple = ("ok",)
    marks: int = 3
    stem: str = "04_residual_blocks"
    file: tuple | None = None


OK, LATE, MEMORY = ("ok",), ("timeout",), ("out-of-memory",)
DEAD = ("crashed", "no-result")


def cell(source, status=OK, marks=3):
    """An attack while the cell of identity_block runs; what follows it is a wrong answer."""
    return Hostile({"identity_block": clean(source) + WRONG, "zero_pad_shortcut": True}, status, marks)


def answer(body, status=OK, marks=3, before=""):
    """An attack in a call of identity_block."""
    source = f"{clean(before)}def identity_block(X, f, filters, stage, block):\n{textwrap.indent(clean(body), '    ')}"
    return Hostile({"identity_block": source, "zero_pad_shortcut": True}, status, marks)


def other(stem, exercise, source, marks=0, status=OK):
    """An attack in another notebook."""
    return Hostile({exercise: clean(source)}, status, marks, stem)


def clean(source):
    return textwrap.dedent(source).strip("\n") + "\n"


WRONG = """
def identity_block(X, f, filters, stage, block):
    return X
"""

# --- What uses up the machine, or ends badly --------------------------------------------------------------------------

SPIN = "while True:\n    pass\n"
RUNS = {
    "a loop in a cell": cell(SPIN, LATE, 0),
    "a loop in an answer": Hostile(
        {"identity_block": True, "zero_pad_shortcut": "def zero_pad_shortcut(X, filters, s=2):\n    while True: pass"},
        LATE,
        8,
    ),
    "a loop that catches everything": answer(
        """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
        """,
        LATE,
        0,
    ),
    "a loop in C": cell("import re\nre.match('(a+)+$', 'a' * 60 + 'b')", LATE, 0),
    "sleep": answer("import time\ntime.sleep(1000)", LATE, 0),
    "prints without end": cell("while True:\n    print('x' * 100_000)", LATE, 0),
    "memory in lists": answer("x = []\nwhile True:\n    x.append(bytearray(1 << 20))", (*MEMORY, *LATE), None),
    "memory that stays": cell("x = []\nwhile True:\n    x.append(bytearray(1 << 20))", (*MEMORY, "crashed"), None),
    "memory in an array": answer("import numpy as np\nreturn np.ones(1 << 40)", MEMORY),
    "memory in a tensor": answer("return ops.ones((1 << 17, 1 << 17))", (*MEMORY, *LATE, "crashed"), None),
    "shared memory": cell(
        """
        import mmap
        x = []
        while True:
            x.append(mmap.mmap(-1, 64 << 20))
            x[-1].write(bytes(64 << 20))
        """,
        ("ok", *MEMORY, *DEAD),
        None,
    ),
    "fork bomb": cell("import os\nwhile True:\n    os.fork()"),
    "programs": cell("import subprocess\nsubprocess.Popen(['sleep', '1000'])"),
    "thread bomb": cell(
        """
        import threading
        def spin():
            while True:
                pass
        while True:
            threading.Thread(target=spin).start()
        """,
        ("ok", *LATE),
        None,
    ),
    "threads and hooks that linger": cell(
        """
        import atexit, threading, time, weakref
        atexit.register(time.sleep, 1000)
        threading.Thread(target=time.sleep, args=[1000]).start()
        class Last:
            def __del__(self):
                time.sleep(1000)
        kept = Last()
        """
    ),
    "signals to everybody": cell(
        """
        import os, signal
        for process in (-1, 0, 1, os.getppid(), *range(2, 300)):
            for number in (signal.SIGSTOP, signal.SIGKILL):
                try:
                    os.kill(process, number)
                except OSError:
                    pass
        """
    ),
    "recursion": cell(
        "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    return f()\nf()", (*MEMORY, *DEAD, "timeout"), None
    ),
    "recursion in C": cell(
        """
        import sys
        sys.setrecursionlimit(10**9)
        class A:
            def __repr__(self):
                return repr([self])
        repr(A())
        """,
        (*MEMORY, *DEAD, "ok"),  # Python 3.12 counts calls in C, too
        None,
    ),
    "os._exit": cell("import os\nos._exit(0)", ("no-result",), 0),
    "os._exit in an answer": answer("import os\nos._exit(0)", ("no-result",), 0),
    "os._exit behind an answer": Hostile(
        {"identity_block": True, "convolutional_block": "def convolutional_block(*a):\n    import os\n    os._exit(0)"},
        ("crashed",),
        8,
    ),
    "sys.exit": cell("import sys\nsys.exit(0)"),
    "sys.exit in an answer": answer("import sys\nsys.exit(0)"),
    "segfault": answer("import ctypes\nctypes.string_at(0)", DEAD, 0),
    "abort": cell("import os\nos.abort()", DEAD, 0),
    "a large file": cell("with open('/tmp/x', 'wb') as f:\n    while True:\n        f.write(bytes(1 << 20))"),
    "a file with a hole": cell("open('/tmp/x', 'wb').truncate(10 << 30)"),
    "many files": cell("for i in range(100_000):\n    open(f'/tmp/{i}', 'x').close()"),
    "all descriptors": cell("x = []\nwhile True:\n    x.append(open('/dev/null'))", marks=None),
    "closed descriptors": cell("import os\nos.closerange(0, 1000)", ("no-result",), 0),
    "KeyboardInterrupt": answer("raise KeyboardInterrupt"),
    "an exception of its own": answer(
        """
        class Evil(BaseException):
            def __str__(self): raise self
            __repr__ = __str__
        raise Evil
        """
    ),
    "an exception that cannot be told": answer(
        """
        class Evil(Exception):
            def __str__(self): raise KeyboardInterrupt
            __repr__ = __str__
        raise Evil
        """
    ),
    "a class whose name is evil": answer(
        """
        class Meta(type):
            __name__ = property(lambda self: 1 / 0)
        class Evil(BaseException, metaclass=Meta): pass
        raise Evil
        """
    ),
    "an exception of 100 MB": answer("raise ValueError('x' * 100_000_000)"),
    "a name of 100 MB": cell("", marks=3)._replace(
        answers={"identity_block": WRONG + "identity_block.__name__ = 'x' * 100_000_000", "zero_pad_shortcut": True}
    ),
    "odd characters": answer("raise ValueError('\\ud800 \\x00 \\x1b[2J <script>alert(1)</script> =1+1')"),
}

# --- Forged frames ----------------------------------------------------------------------------------------------------

SEND = """
import json, os
def send(data):
    for descriptor in range(3, 128):
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view):]
        except OSError:
            pass
def frame(text, name=b"identity_block"):
    data = name + b"\\n" + text
    return len(data).to_bytes(4, "big") + data
"""


def forged(*frames, status=("crashed",)):
    """Bytes sent through every descriptor that there is, before the end. frames: bytes, or how the cell makes them."""
    lines = [f"send({data if isinstance(data, str) else repr(data)})\n" for data in frames]
    return cell(f"{SEND}{''.join(lines)}os._exit(0)\n", status, 0)


def block(X, f, filters, stage=2, block="a"):
    """A right identity block."""
    from keras import layers

    y = X
    for number, (filters_of, size) in enumerate(zip(filters, (1, f, 1), strict=True)):
        y = layers.BatchNormalization()(layers.Conv2D(filters_of, size, padding="same")(y))
        y = layers.ReLU()(y) if number < 2 else y
    return layers.ReLU()(layers.Add()([X, y]))


RIGHT = collect("identity_block", block, hidden=True, seed=1)  # what somebody was asked in another run


def fallback():
    """Evidence that says: the first probe failed, and this came of the first one of the fallback."""
    import keras

    X = keras.Input((None, None, 10))
    probe = RIGHT["probes"][0] | {"config": keras.Model(X, block(X, 5, [4, 6, 10])).to_json()}
    error = {"type": "ValueError", "text": "", "lines": []}
    raised = {"call": {"outcome": "raised", "error": error, "name": "identity_block"}}
    return {"probes": [raised], "fallback": [0, probe], "shared": False}


def _with_config(config):
    return RIGHT | {"probes": [RIGHT["probes"][0] | {"config": config}]}


def _frame(text):
    data = NAME.encode() + b"\n" + text
    return len(data).to_bytes(4, "big") + data


def problem(**error):
    return protocol.pack({"problem": {"outcome": "too large", "parameters": "a", "error": {"lines": []}} | error}, NAME)


NAME = "identity_block"
FORGED = {
    "evidence of other probes": forged(protocol.pack({"evidence": RIGHT}, NAME)),
    "evidence of one probe": forged(protocol.pack({"evidence": RIGHT | {"probes": RIGHT["probes"][:1]}}, NAME)),
    "evidence of the probes that all are asked": forged(
        protocol.pack({"evidence": RIGHT | {"probes": RIGHT["probes"][:2]}}, NAME)
    ),
    "evidence of a fallback": forged(protocol.pack({"evidence": fallback()}, NAME)),
    "the last frame": forged(protocol.pack(None, protocol.LAST), status=("no-result",)),
    "points": forged(protocol.pack({"points": 8, "evidence": {"points": 8, "findings": []}}, NAME)),
    "a length of 4 GB": forged(b"\xff\xff\xff\xff" + b"x" * 1000, status=("no-result",)),
    "garbage": forged(random.Random(0).randbytes(100_000), status=("no-result", "crashed")),
    "a flood of empty frames": forged("bytes(12 << 20)", status=("no-result",)),
    "a flood of bytes": cell(f"{SEND}while True:\n    send(bytes(1 << 20))", (*DEAD, *LATE), 0),
    "nested lists": forged("frame(b'[' * 1_000_000)"),
    "many lists": forged("frame(b'{\"evidence\": [' + b'[],' * 4_000_000 + b'[]]}')"),
    "a long number": forged("frame(b'{\"evidence\": ' + b'9' * 1_000_000 + b'}')"),
    "a long text": forged("frame(b'{\"stopped\": \"' + b'x' * 10_000_000 + b'\"}')"),
    "a text that is none": forged("""frame(b'{"stopped": "\\\\ud800</td><script>alert(1)</script>"}')"""),
    "a long message": forged(
        'frame(b\'{"problem": {"outcome": "unanswered", "message": "\' + b\'x\' * 10_000_000 + b\'"}}\')'
    ),
    "long names": forged(
        "frame(b'{}', b'x' * 1_000_000) + frame(b'{}', b'../x') + frame(b'{}', b'\\0') + frame(b'{}')"
    ),
    "a config of 10 MB": forged(
        f"frame({json.dumps({'evidence': _with_config('CONFIG')})!r}"
        ".replace('CONFIG', '[' * 5_000_000 + ']' * 5_000_000).encode())"
    ),
    "a config of many calls": forged(
        f"frame({json.dumps({'evidence': _with_config('CONFIG')})!r}.replace('CONFIG', "
        "json.dumps(json.dumps({'layers': [{'class_name': 'InputLayer', 'module': 'keras.layers', 'config': "
        "{'batch_shape': [None, 9, 7, 10]}}] + 100_000 * [{'class_name': 'ReLU', 'module': 'keras.layers', "
        "'config': {}}]}))[1:-1]).encode())"
    ),
    "an array of all memory": forged(_frame(b'{"evidence": {"__array__": ["<f8", [1152921504606846976], ""]}}')),
    "an array of objects": forged(_frame(b'{"evidence": {"__array__": ["O", [1], "AAAAAAAAAAA="]}}')),
    "a type that is none": forged(_frame(b'{"evidence": {"__array__": ["' + b"(9,9)" * 9999 + b'f4", [1], ""]}}')),
    "a number that is none": forged(problem()),
    "lines that are none": forged(problem(outcome="raised", error={"type": 1, "text": "", "lines": {"a": 1}})),
    "a message that is none": forged(protocol.pack({"problem": {"outcome": "unanswered", "message": ["x"]}}, NAME)),
    "a stop that is none": forged(protocol.pack({"stopped": {"a": [1]}}, NAME)),
}

# --- The check, Keras, NumPy and Python taken over --------------------------------------------------------------------

PREPARED = f"import json\nprepared = json.loads({json.dumps(RIGHT)!r})\n"
HAND_ON = """
def identity_block(X, f, filters, stage, block):
    return own(X, f, filters, stage, block)
"""


def take(source):
    """An answer that hands on `own`, which the source finds somewhere; None where it finds nothing."""
    text = f"own = None\ntry:\n{textwrap.indent(clean(source), '    ')}except BaseException:\n    pass\n{HAND_ON}"
    return Hostile({"identity_block": text, "zero_pad_shortcut": True})


TAKEN_OVER = {
    "check.asked": cell(f"{PREPARED}from course_utils import check\ncheck.asked = lambda *a, **k: prepared", marks=0),
    "the asking": cell(f"{PREPARED}from course_utils.check.ask import block\nblock.ask = lambda *a, **k: prepared"),
    "the points": cell(
        """
        from course_utils import check
        try:
            for name, about in check.EXERCISES.items():
                object.__setattr__(about, "steps", 100 * about.steps)
        except BaseException:
            pass
        check.conclude = check.run = lambda *a, **k: check.Result("identity_block", 8, [])
        check.Result.points = property(lambda self: 100)
        """
    ),
    "the modules": cell(
        """
        import sys, types
        for name in [name for name in sys.modules if name.startswith("course_utils")]:
            sys.modules[name] = types.ModuleType(name)
        """,
        ("ok", *DEAD),
        None,
    ),
    "comparisons": Hostile(
        {
            "zero_pad_shortcut": clean(
                """
                import builtins, json, numpy as np
                np.allclose = np.array_equal = lambda *a, **k: True
                json_dumps = json.dumps
                json.dumps = lambda value, **k: json_dumps(value, **k).replace("false", "true")
                builtins.print = builtins.hash = lambda *a, **k: True
                def zero_pad_shortcut(X, filters, s=2):
                    return ops.pad(X[:, ::s, ::s], [[0, 0]] * 3 + [[filters - X.shape[3], 0]])
                """
            )
        },
        marks=2,
    ),
    "keras.Model": answer(
        "return keras.layers.ReLU()(X)",
        before=f"{PREPARED}configs = iter([p['config'] for p in prepared['probes']])\n"
        "keras.Model.to_json = lambda self: next(configs)\nkeras.Model.get_config = lambda self: {}",
    ),
    "the networks": take("from course_utils.networks.resnet import identity_block as own"),
    "the networks under another name": take(
        "from course_utils.networks import resnet\nhidden = vars(resnet)['identity_' + 'block']\n"
        "def own(*a):\n    return hidden(*a)"
    ),
    "a copy of their code": take(
        "import types\nfrom course_utils.networks import resnet\n"
        "own = types.FunctionType(resnet.identity_block.__code__, vars(resnet))"
    ),
    "the check's watch put out": take(
        """
        import contextlib
        from course_utils.check.ask import calling
        from course_utils.networks.resnet import identity_block as own
        calling._without = lambda functions: contextlib.nullcontext()
        calling.refuse.__code__ = (lambda *a, **k: None).__code__
        calling._entered = type("Never", (list,), {"append": lambda *a: None, "__bool__": lambda s: False})()
        """
    ),
    "their source": take(
        "import inspect\nfrom course_utils.networks import resnet\n"
        "found = {}\nexec(inspect.getsource(resnet), found)\nown = found['identity_block']"
    ),
    "their files": take(
        """
        import os, course_utils, sys
        package = os.path.dirname(course_utils.__file__)
        for root in (package, os.path.dirname(package), "/tmp", sys.prefix):
            for folder, _, names in os.walk(root):
                for name in names if "site-packages" not in folder else []:
                    text = open(os.path.join(folder, name), "rb").read()
                    if b"def identity_block" in text:
                        exec(text, found := {})
                        own = found["identity_block"]
        """
    ),
    "a fresh import of them": take(
        "import importlib\nfrom course_utils.networks import resnet\nown = importlib.reload(resnet).identity_block"
    ),
    "the judge": take(
        "import keras\nfrom course_utils.check.judge.models import block_of\n"
        "build = block_of('resnet:identity_block')\n"
        "own = lambda X, f, filters, stage, block: build({'shape': X.shape[1:], 'arguments': "
        "{'f': f, 'filters': filters, 'stage': 2, 'block': 'a'}})(X)"
    ),
    "the exercise": take(
        """
        from course_utils.exercises.identity_block import exercise
        from course_utils.networks.resnet import identity_block as own
        """
    ),
    "the exercises' files": take(
        """
        import os, course_utils
        folder = os.path.join(os.path.dirname(course_utils.__file__), "exercises")
        if os.listdir(folder):
            own = lambda X, *rest: keras.layers.ReLU()(X)
            open(os.path.join(folder, "identity_block.py")).read()
            from course_utils.networks.resnet import identity_block as own
        """
    ),
    "the graders' masters": take(
        """
        from course_utils.grading.submissions import all_masters
        from course_utils.files import masters
        import nbformat
        for cell in nbformat.read(masters()["04_residual_blocks"], 4).cells:
            if "def identity_block" in cell.source:
                exec(cell.source)
                own = identity_block
        """
    ),
    "code that the collector knows": take(
        """
        import gc, types
        gc.unfreeze()
        waiting, seen = gc.get_objects(), set()
        from course_utils.networks import resnet
        while waiting:
            thing = waiting.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if isinstance(thing, types.CodeType):
                if thing.co_name == "identity_block" and thing.co_filename.endswith("resnet.py"):
                    own = types.FunctionType(thing, vars(resnet))
                waiting += [c for c in thing.co_consts if isinstance(c, types.CodeType)]
            elif isinstance(thing, types.FunctionType):
                waiting.append(thing.__code__)
            elif isinstance(thing, (list, tuple)) and len(thing) < 1000:
                waiting += thing
        """
    ),
    "source that linecache knows": take(
        """
        import linecache
        for entry in linecache.cache.values():
            text = "".join(entry[2]) if len(entry) > 2 else ""
            if "def identity_block" in text and "own" not in text:
                exec(text, found := {})
                own = found["identity_block"]
        """
    ),
    "memory": take(
        """
        import ctypes, os, tempfile
        read, write = os.pipe()
        os.set_blocking(write, False)
        thing = object()
        for page in range(id(thing) - (64 << 20) & -4096, id(thing) + (64 << 20), 4096):
            try:
                os.write(write, (ctypes.c_char * 0).from_address(page))
                if ctypes.CDLL(None).write(write, ctypes.c_void_p(page), 4096) > 0:
                    text = os.read(read, 4096)
                    if b"BEGIN " + b"SOLUTION" in text or b"def convolutional" + b"_block" in text:
                        own = lambda *a: 1 / 0
                        raise SystemExit
            except OSError:
                pass
        """
    ),
    "frames of the callers": answer(
        """
        import sys, types
        here = sys._getframe()
        while here:
            for value in [*here.f_locals.values()]:
                for code in value if isinstance(value, list) else [value]:
                    if isinstance(code, types.CodeType):
                        from course_utils.networks import resnet
                        try:
                            return types.FunctionType(code, vars(resnet))(X, f, filters, stage, block)
                        except BaseException:
                            pass
            here = here.f_back
        return X
        """
    ),
    "the environment": answer(
        """
        import os
        words = [dict(os.environ), os.listdir("/"), os.listdir("/proc"), os.getcwd()]
        for place in ("/proc/1/environ", "/proc/self/maps", "/proc/self/mem", "/proc/1/root", "/etc/passwd", "/root"):
            words.append(os.path.exists(place))
        assert not any(words[4:])
        raise ValueError(str(words))
        """
    ),
    "the network": answer(
        """
        import socket
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, getattr(socket, "AF_VSOCK", 40)):
            for place in (("1.1.1.1", 53), ("::1", 80), "\\0x", (2, 1024)):
                try:
                    socket.socket(family, socket.SOCK_STREAM).connect(place)
                except (OSError, TypeError, OverflowError):
                    continue
                raise SystemExit("got out")
        return X
        """
    ),
    "__main__": cell(
        """
        import sys
        main = sys.modules["__main__"]
        class Names(dict):
            def __contains__(self, name): return True
        main.zero_pad = 1
        sys.modules["__main__"] = type(sys)("__main__")
        __name__ = "course_utils.check.judge"
        globals()["__builtins__"] = dict(vars(__builtins__) if hasattr(__builtins__, "__dict__") else __builtins__)
        """
    ),
}

# --- Things that are not what they say --------------------------------------------------------------------------------


def thing(source):
    """identity_block is something odd."""
    return Hostile({"identity_block": clean(source), "zero_pad_shortcut": True})


EVIL = """
class Evil:
    def __getattribute__(self, name): raise KeyboardInterrupt
    __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __array__ = __getattribute__
"""
THINGS = {
    "an object that answers nothing": thing(f"{EVIL}identity_block = Evil()"),
    "a result that answers nothing": answer("return Evil()", before=EVIL),
    "a class that it is not": answer(
        "return Fake()",
        before="""
        class Fake:
            __class__ = property(lambda self: keras.KerasTensor)
            shape = dtype = property(lambda self: 1 / 0)
        """,
    ),
    "a signature that is none": thing(f"{WRONG}identity_block.__signature__ = 'no'"),
    "a signature that lies": thing(f"{WRONG}import inspect\nidentity_block.__signature__ = inspect.Signature()"),
    "a name that is none": thing(f"{WRONG}identity_block.__qualname__ = '\\ud800' * 1000"),
    "a generator": thing("def identity_block(X, f, filters, stage, block):\n    yield X"),
    "a coroutine": thing("async def identity_block(X, f, filters, stage, block):\n    return X"),
    "the check itself": thing("from course_utils import check\nidentity_block = check.identity_block"),
    "a type": thing("identity_block = type"),
    "exec": thing("identity_block = exec"),
    "a model": thing("identity_block = keras.Sequential([layers.Dense(1)])"),
    "its own probe": answer("filters.clear()\nfilters.append(filters)\nreturn X"),
    "NaN": Hostile(
        {"zero_pad_shortcut": "def zero_pad_shortcut(X, filters, s=2):\n    return X[:, ::s, ::s] * float('nan')"},
        marks=0,
    ),
    "an array of objects": Hostile(
        {
            "zero_pad_shortcut": "import numpy as np\ndef zero_pad_shortcut(X, filters, s=2):\n"
            "    return np.array([object(), 'x', None] * 10, dtype=object)"
        },
        marks=0,
    ),
}

# --- Other notebooks --------------------------------------------------------------------------------------------------

LINEAR = """
def HappyModel(input_shape):
    return keras.Sequential([layers.Input(input_shape), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
"""
OTHERS = {
    "outputs that were prepared": other(
        "03_happy_house",
        "happy_model",
        f"""
import numpy as np
from course_utils.check import evidence
from course_utils.check.ask import classifier as ask
{LINEAR}
rng = np.random.default_rng(0)
keras.Sequential.__call__ = lambda self, x, **k: keras.ops.convert_to_tensor(rng.uniform(0.1, 0.9, (len(x), 1)))
evidence.outputs = lambda model, x: [rng.uniform(0.1, 0.9, (len(x), 1)).astype("float32")]
ask.answers = lambda model, shape, seed: rng.uniform(0.1, 0.9, (2, 18, 1)).astype("float32")
""",
        marks=5,
    ),
    "a model that does not learn, and says it does": other(
        "03_happy_house",
        "happy_model",
        """
        def HappyModel(input_shape):
            inputs = layers.Input(input_shape)
            x = layers.ReLU()(layers.Conv2D(4, 3)(inputs))
            model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Flatten()(x)))
            model.trainable = False
            return model
        keras.Model.trainable_weights = property(lambda self: self.weights)
        """,
        marks=5,
    ),
    "a function that a given one names": other(
        "01_classic_cnns",
        "local_response_normalization",
        """
        import types
        from course_utils.networks import alexnet
        own = types.FunctionType(alexnet.local_response_normalization.__code__, vars(alexnet))
        def local_response_normalization(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
            return own(a, n, k, alpha, beta)
        """,
    ),
    "Keras' network": other(
        "05_resnet50_signs",
        "resnet50",
        """
        import types
        from keras.src.applications import resnet
        found = {name: value for name, value in vars(resnet).items() if hasattr(value, "__code__")}
        copies = {name: types.FunctionType(value.__code__, vars(resnet)) for name, value in found.items()}
        def ResNet50(input_shape=(64, 64, 3), classes=6):
            return copies["ResNet50"](weights=None, input_shape=input_shape, classes=classes)
        """,
    ),
    "a clone of Keras' network": other(
        "05_resnet50_signs",
        "resnet50",
        """
        whole = keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=6)
        def ResNet50(input_shape=(64, 64, 3), classes=6):
            return keras.models.clone_model(whole)
        """,
    ),
    "Keras' network by its parts": other(
        "05_resnet50_signs",
        "resnet50",
        """
        from keras.src.applications import resnet
        def stack(x):
            for filters, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
                x = resnet.stack_residual_blocks_v1(x, filters, blocks, stride1=stride, name=f"conv{filters}")
            return x
        def ResNet50(input_shape=(64, 64, 3), classes=6):
            return resnet.ResNet(stack, False, True, weights=None, input_shape=input_shape, classes=classes)
        """,
    ),
    "Keras' source": other(
        "05_resnet50_signs",
        "resnet50",
        """
        import inspect
        from keras.src.applications import resnet
        exec(inspect.getsource(resnet), found := {})
        def ResNet50(input_shape=(64, 64, 3), classes=6):
            return found["ResNet50"](weights=None, input_shape=input_shape, classes=classes)
        """,
    ),
    "the course's ResNet50": other(
        "05_resnet50_signs", "resnet50", "from course_utils.networks.resnet import ResNet50"
    ),
    "a check that sees nothing change": other(
        "05_resnet50_signs",
        "recalibrate_batch_norm",
        """
        from course_utils.networks import batch_norm
        from course_utils.check.ask import batch_norm as ask
        ask._probe.__globals__["np"] = None
        def recalibrate_batch_norm(model, batches, momentum=0.5):
            return batch_norm.recalibrate_batch_norm(model, batches, momentum)
        """,
    ),
    "statistics that were prepared": other(
        "05_resnet50_signs",
        "recalibrate_batch_norm",
        """
        def recalibrate_batch_norm(model, batches, momentum=0.5):
            for weight in model.weights:
                if "moving" in weight.name:
                    weight.assign(weight * 0 + 0.5)
        """,
        marks=2,
    ),
    "the course's BasicBlock": other(
        "06_resnet_by_hand",
        "basic_block",
        """
        from course_utils.networks import resnet_basic
        own = ("__init__", "build", "call", "compute_output_shape")
        parts = {name: value for name, value in vars(resnet_basic.BasicBlock).items() if name in own}
        BasicBlock = type("BasicBlock", (keras.layers.Layer,), parts)
        """,
    ),
    "numbers that were prepared": other(
        "06_resnet_by_hand",
        "basic_block",
        """
        class BasicBlock(keras.layers.Layer):
            def __init__(self, filter_num, stride=1, **kwargs):
                super().__init__(**kwargs)
                self.filter_num, self.stride = filter_num, stride
            def call(self, x, training=None):
                x = x[:, ::self.stride, ::self.stride, :1]
                return keras.ops.repeat(x * 0 + 0.5, self.filter_num, axis=-1)
        """,
        marks=1,  # for outputs of the right shape
    ),
    "the library's network": other(
        "06_resnet_by_hand",
        "resnet50_headless",
        """
        def resnet50_headless(input_shape):
            return keras.models.clone_model(library, input_tensors=keras.Input(input_shape))
        """,
    ),
}

# --- Files ------------------------------------------------------------------------------------------------------------

STEM = "04_residual_blocks"


def file(data, status="unreadable", name=f"{STEM}.ipynb"):
    return Hostile({}, (status,), 0, STEM, (name, data))


def notebook(*sources, **about):
    cells = [
        {"cell_type": "code", "source": source, "metadata": about, "outputs": [], "execution_count": None}
        for source in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


def zipped(*entries):
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return found.getvalue()


def many_zips():
    inner = zipped(("a.ipynb", b" " * (1 << 20)))
    return zipped(*((f"{i}.zip", inner) for i in range(2000)))


CHAIN = [f"a{i} = a{i + 1}, [{', '.join(f'b{i}_{k}' for k in range(20))}]" for i in range(1500)]
FILES = {
    "a page": file(b"<!DOCTYPE html><title>Sign in</title>"),
    "half a notebook": file(notebook("x")[:-10]),
    "an empty file": file(b""),
    "random bytes": file(random.Random(1).randbytes(10_000)),
    "Latin-1": file('{"cells": [], "name": "Zoë"}'.encode("latin-1")),
    "nested without end": file(b'{"nbformat": 4, "cells": ' + b"[" * 1_000_000),
    "another structure": file(b'{"nbformat": 4, "cells": [[1], null, {"source": 3}]}'),
    "10,000 cells": file(notebook(*["x = 1"] * 10_000)),
    "120 MB": file(b'{"nbformat": 4, "cells": [' + b" " * (120 << 20) + b"]}"),
    "code of 2 MB": file(notebook(WRONG, "x = [" + "1," * 1_000_000 + "]")),
    "millions of cells": file(b'{"nbformat": 4, "cells": [' + b"{}," * 3_000_000 + b"{}]}"),
    "cells that need each other": file(notebook(WRONG + "a0", *CHAIN[:400]), "ok"),
    "marks that are none": file(notebook(WRONG, nbgrader={"grade_id": [[]], "solution": {}}), "ok"),
    "odd source": file(
        notebook(WRONG, "\ud800", "\0", "(" * 10_000, "a" + ".b" * 20_000, "f'{", "%%bash\nrm -rf /"), "ok"
    ),
    "a zip bomb": file(zipped((f"{STEM}.ipynb", bytes(300 << 20))), name="bomb.zip"),
    "paths that climb": file(
        zipped(*((f"{up}{STEM}.ipynb", notebook(WRONG)) for up in ("../../", "/", "..\\..\\", "../Ada/"))),
        "ok",
        "climb.zip",
    ),
    "zip files in a zip file": file(many_zips(), "missing", "zips.zip"),
    "half a zip file": file(zipped((f"{STEM}.ipynb", notebook(WRONG)))[:-30], "missing", "half.zip"),
    "a file name that is none": file(notebook(WRONG), "ok", os.fsdecode(b"04_residual_blocks\xff\n\x1b[2J.ipynb")),
}

KINDS = {"run": RUNS, "forged": FORGED, "take": TAKEN_OVER, "odd": THINGS, "other": OTHERS, "file": FILES}
SUBMISSIONS = {f"{kind} {name}": one for kind, found in KINDS.items() for name, one in found.items()}
