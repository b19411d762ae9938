"""Evidence on its way out of the sandbox: JSON, with arrays as text. Nothing in it can run.

A frame is four bytes that say how long it is, and that many bytes: a name, a line end, and JSON. So the name can be
read without the JSON, which whoever reads it has to bound in time and memory.
"""

import base64
import json
import math

import numpy as np

ARRAY = "__array__"
KINDS = "biufc"  # of arrays: truth values, integers, floats, complex numbers
LAST = "."  # the name of the last frame
MAX_FRAMES = 100


def pack(value, name=""):
    """A frame. value: JSON-able, with NumPy arrays and numbers anywhere in it. Raises TypeError for other things."""
    return frame(f"{name}\n".encode() + json_of(value))


def json_of(value):
    """The JSON of a value, which `unpack` reads."""
    return json.dumps(value, default=_plain).encode()


def frame(text):
    """Some bytes behind their length."""
    return len(text).to_bytes(4, "big") + text


def read_frame(connection):
    """The bytes of the next frame that comes from a socket: none when there is no other."""
    head = _read(connection, 4)
    return _read(connection, int.from_bytes(head, "big")) if len(head) == 4 else b""


def _read(connection, count):
    """So many bytes, or what came before the other end was closed.

    MSG_WAITALL would not do: a process that is stopped and goes on, or a socket with a time-out, gets fewer.
    """
    data = bytearray()
    while len(data) < count and (more := connection.recv(min(count - len(data), 1 << 20))):
        data += more
    return bytes(data)


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        array = value if value.dtype.kind in KINDS and value.dtype.itemsize <= 16 else value.astype("float32")
        array = array.astype("float64") if array.dtype == np.longdouble else array
        array = np.ascontiguousarray(array)
        return {ARRAY: [array.dtype.str, list(value.shape), base64.b64encode(array.tobytes()).decode()]}
    raise TypeError(f"{type(value).__name__} is no evidence")


def unpack(text):
    """The value in a frame's JSON. Raises ValueError for whatever `pack` could not have written."""
    try:
        return json.loads(text, object_hook=_array)
    except (ValueError, TypeError, KeyError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"no evidence: {str(error)[:200]}") from None


def _array(found):
    if ARRAY not in found:
        return found
    dtype, shape, data = found[ARRAY]
    dtype = np.dtype(str(dtype))
    if dtype.kind not in KINDS or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("an array of another kind")
    if dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise ValueError("an array of another kind")
    data = base64.b64decode(data, validate=True)
    if len(shape) > 16 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError("an array of another size than it says")
    return np.frombuffer(data, dtype).reshape(shape)


def frames(data):
    """The (name, text) of the whole frames at the beginning of some bytes: one that was cut off is left out."""
    found, at = [], 0
    while at + 4 <= len(data) and len(found) < MAX_FRAMES:
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        name, _, text = data[at + 4 : end].partition(b"\n")
        found.append((name.decode(errors="replace"), text))
        at = end
    return found
