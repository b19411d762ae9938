"""A training step of each network beside the library's network of the same shape.

    python tests/benchmarks/networks.py
    KERAS_BACKEND=torch python tests/benchmarks/networks.py --batch 128 --size 224 --dtype mixed_bfloat16
    python tests/benchmarks/networks.py --into course_utils/recorded/steps.json && course results --page

Both train on the same random pictures, in turn, and the fastest of several rounds counts. "of a product" is how much of
the machine's rate in one product of two large matrices the training reaches. With the backend torch, torchvision's
ResNet-50 is trained as well, by PyTorch alone, where it is installed.
"""

import argparse
import datetime
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as the course sets it

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from course_utils.networks import alexnet, inception, lenet, resnet, resnet_v2, vgg

library = keras.applications
# name: smallest pictures, channels, ours and the library's, each of (input_shape, classes)
NETWORKS = {
    "LeNet-5": (32, 1, lenet.lenet5, None),
    "AlexNet": (67, 3, alexnet.alexnet, None),
    "VGG-16": (32, 3, vgg.vgg16, lambda shape, n: library.VGG16(weights=None, input_shape=shape, classes=n)),
    "GoogLeNet": (64, 3, inception.GoogLeNet, None),
    "ResNet50": (64, 3, resnet.ResNet50, lambda shape, n: library.ResNet50(weights=None, input_shape=shape, classes=n)),
    "ResNet50V2": (
        64,
        3,
        lambda shape, n: resnet_v2.ResNet50V2(input_shape=shape, classes=n),
        lambda shape, n: library.ResNet50V2(weights=None, input_shape=shape, classes=n),
    ),
}
CLASSES = 10


def multiplications(model):
    """Of one picture on its way up, in all layers with a kernel."""
    count = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            count += np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:3])
        elif isinstance(layer, keras.layers.Dense):
            count += np.prod(layer.kernel.shape)
    return int(count)


def rounds_of(step, steps):
    """A function that takes `steps` training steps and returns the seconds of one."""

    def run():
        start = time.perf_counter()
        for _ in range(steps):
            step()
        return (time.perf_counter() - start) / steps

    return run


def keras_step(build, x, y, shape):
    keras.utils.set_random_seed(0)
    model = build(shape, CLASSES)
    model.compile(keras.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
    return model, lambda: model.train_on_batch(x, y)


def torchvision_step(batch, size, dtype):
    """A step of torchvision's ResNet-50 on the same device, or None without it."""
    if keras.backend.backend() != "torch":
        return None
    try:
        import torch
        import torchvision
    except ModuleNotFoundError:
        return None
    device = keras.ops.zeros(1).device
    model = torchvision.models.resnet50(weights=None, num_classes=CLASSES).to(device)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    x, y = torch.rand(batch, 3, size, size, device=device), torch.randint(CLASSES, (batch,), device=device)

    def step():
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=dtype != "float32"):
            loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def product_rate(n, dtype):
    """Multiplications per second in a product of two n x n matrices."""
    a = keras.ops.cast(keras.random.normal((n, n), seed=0), "bfloat16" if "bfloat16" in dtype else "float32")

    def step():
        return float(keras.ops.matmul(a, a)[0, 0])

    step()
    return n**3 / min(rounds_of(step, 3)() for _ in range(3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument(
        "--size", type=int, default=64, help="height and width of the pictures, where the network allows"
    )
    parser.add_argument("--steps", type=int, default=3, help="steps of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", default="float32", help="float32 or mixed_bfloat16")
    parser.add_argument("--product", type=int, default=2048, help="size of the matrices")
    parser.add_argument("--into", type=Path, help="a JSON file that keeps the table beside those of other machines")
    args = parser.parse_args()
    keras.config.set_dtype_policy(args.dtype)
    if keras.backend.backend() == "torch":
        import torch

        torch.backends.cuda.matmul.allow_tf32 = True  # as its convolutions are by default
        where = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} cores"
    else:
        where = "a GPU" if keras.distribution.list_devices("gpu") else f"{os.cpu_count()} cores"
    rate = product_rate(args.product, args.dtype)

    where = f"{keras.backend.backend()}, {where}, {args.dtype}"
    title = f"{where}, batches of {args.batch}, pictures of {args.size} x {args.size} where the network allows"
    columns = ["network", "pictures", "per second", "the library's", "ours / library", "of a product"]
    rows = []
    rng = np.random.default_rng(0)
    for name, (smallest, channels, ours, theirs) in NETWORKS.items():
        size = 32 if name == "LeNet-5" else max(smallest, args.size)
        shape = size, size, channels
        x = keras.ops.convert_to_tensor(rng.random((args.batch, *shape), dtype="float32"))
        y = keras.ops.convert_to_tensor(rng.integers(CLASSES, size=args.batch).astype("int32"))
        model, step = keras_step(ours, x, y, shape)
        steps = {"ours": step}
        if theirs:
            steps["library"] = keras_step(theirs, x, y, shape)[1]
        if name == "ResNet50" and (step := torchvision_step(args.batch, size, args.dtype)):
            steps["torchvision"] = step
        best = dict.fromkeys(steps, float("inf"))
        for step in steps.values():
            step()  # is traced
            step()
        for _ in range(args.rounds):
            for which, step in steps.items():
                best[which] = min(best[which], rounds_of(step, args.steps)())
        per_second = {which: args.batch / seconds for which, seconds in best.items()}
        share = 3 * multiplications(model) * per_second["ours"] / rate  # once up and twice down
        library_s = f"{per_second['library']:,.0f}" if theirs else "-"
        ratio = f"{per_second['ours'] / per_second['library']:.2f}" if theirs else "-"
        rows.append([name, f"{size} x {size}", f"{per_second['ours']:,.0f}", library_s, ratio, f"{share:.1%}"])
        if "torchvision" in per_second:
            ratio = f"{per_second['ours'] / per_second['torchvision']:.2f}"
            rows.append(["torchvision's", f"{size} x {size}", "-", f"{per_second['torchvision']:,.0f}", ratio, "-"])
        keras.backend.clear_session()
    table = Table(*columns, title=f"Training steps: {title}")
    for row in rows:
        table.add_row(*row)
    note = f"A product of two {args.product} x {args.product} matrices: {2e-12 * rate:.2f} TFLOP/s."
    Console().print(table, note)
    if args.into:
        keep(args.into, title, columns, rows, note)


def keep(path, title, columns, rows, note):
    """Put a table into a JSON file of tables, from which `course results --page` makes a part of RESULTS.md."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    date = datetime.date.today().isoformat()
    kept[title] = {"columns": columns, "rows": rows, "note": note, "date": date, "keras": keras.__version__}
    path.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
