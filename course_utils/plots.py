"""The course's figures: one style, direct labels, an alt text for each."""

import base64
import io
import logging
from html import escape

import numpy as np
from IPython.display import HTML
from PIL import Image

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where a home cannot be written, it says so in every notebook
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6b6b6b"  # Okabe and Ito
STYLE = {
    "figure.dpi": 90,
    "figure.figsize": (6.4, 3.2),
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "lines.linewidth": 1.8,
    "legend.frameon": False,
}


def show(figure, alt):
    """The matplotlib figure as an HTML picture with alt text (a bare picture in a notebook cannot carry one).

    It is WebP, lossless or not, whichever is smaller: lines stay as drawn, and a grid of photos takes a fifth of a PNG.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", bbox_inches="tight")
    plt.close(figure)
    picture, forms = Image.open(drawn).convert("RGB"), []
    for how in {"lossless": True, "method": 2}, {"quality": 90}:
        buffer = io.BytesIO()
        picture.save(buffer, "webp", **how)
        forms.append(buffer.getvalue())
    data = base64.b64encode(min(forms, key=len)).decode()
    return HTML(f'<img alt="{escape(alt)}" src="data:image/webp;base64,{data}" style="background: white">')


def pictures(images, titles=None, columns=8, alt=None, size=1.0):
    """Small pictures in a grid. images: (n, h, w, 3) or (n, h, w), uint8 or 0..1; titles: n words; size: inches."""
    rows = -(-len(images) // columns)
    columns = min(columns, len(images))
    lines = max((str(title).count("\n") + 1 for title in titles), default=0) if titles is not None else 0
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(rows, columns, figsize=(columns * size, rows * (size + 0.2 * lines)), squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for axis, image, title in zip(
            axes.flat, images, titles if titles is not None else [None] * len(images), strict=False
        ):
            axis.imshow(np.squeeze(image), cmap="gray")
            if title is not None:
                axis.set_title(str(title), fontsize=8, loc="center", pad=2)
        figure.tight_layout(pad=0.3, h_pad=0.6 if lines > 1 else None)
    count = "A picture" if len(images) == 1 else f"{len(images)} pictures"
    return show(figure, alt or count + (f": {', '.join(map(str, titles))}" if titles is not None else ""))


def curves(runs, title, ylabel="accuracy", alt=None, xlabel="epoch", every=1, line=None):
    """Curves over the epochs, labelled at their ends. runs: {label: one value per epoch, or several runs (n, epochs)}.

    xlabel, every: for values at other times than after each epoch, such as "step" and 25.
    line: (x, words) of a dotted vertical line, for a moment at which something is changed.

    Several runs of one label share its colour; their median is drawn strong.
    """
    colours = (BLUE, ORANGE, GREEN, PURPLE, GREY)
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots()
        ends = []
        for colour, (label, values) in zip(colours, runs.items(), strict=False):
            values = np.atleast_2d(np.asarray(values, float))
            epochs = every * np.arange(1, values.shape[1] + 1)
            middle = np.median(values, axis=0)
            if len(values) > 1:
                axis.plot(epochs, values.T, color=colour, alpha=0.35, linewidth=1)
            axis.plot(epochs, middle, color=colour)
            ends.append((epochs[-1], middle[-1], label, colour))
        _label_ends(axis, ends)
        if line:
            axis.axvline(line[0], color="black", linewidth=1, linestyle=":")
            place = {"xycoords": ("data", "axes fraction"), "xytext": (4, 0), "textcoords": "offset points"}
            axis.annotate(line[1], (line[0], 0.02), fontsize=9, **place)
        axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
        axis.xaxis.get_major_locator().set_params(integer=True)
    words = "; ".join(f"{label} ends at {y:.2f}" for _, y, label, _ in ends)
    return show(figure, alt or f"{title}. {words}" + (f". Dotted line at {line[0]:g}: {line[1]}" if line else ""))


def _label_ends(axis, ends, gap=0.075):
    """Write each curve's label at its right end, moved apart where two would overlap."""
    axis.autoscale_view()  # else the limits are not known before the figure is drawn
    in_axes = axis.transScale + axis.transLimits  # heights from 0 to 1, whatever the scale
    right = max(x for x, *_ in ends)
    below = -np.inf
    for _, y, label, colour in sorted(ends, key=lambda end: end[1]):
        below = max(in_axes.transform((right, y))[1], below + gap)
        place = {"xycoords": ("data", "axes fraction"), "xytext": (6, 0), "textcoords": "offset points"}
        axis.annotate(label, (right, below), color=colour, va="center", **place)


def spread(groups, title, xlabel="test accuracy", alt=None):
    """One dot a run, one row a group, the median marked: what one number of one run hides. groups: {label: values}."""
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(6.4, 0.7 + 0.55 * len(groups)))
        for row, values in enumerate(groups.values()):
            colour = (BLUE, ORANGE, GREEN, PURPLE, GREY)[row % 5]
            axis.plot(values, [row] * len(values), "o", color=colour, alpha=0.6, markersize=8, markeredgewidth=0)
            axis.plot(np.median(values), row, "|", color="black", markersize=18, markeredgewidth=2)
        axis.set(
            yticks=range(len(groups)), yticklabels=groups, ylim=(len(groups) - 0.5, -0.5), xlabel=xlabel, title=title
        )
        axis.grid(axis="y", visible=False)
    words = "; ".join(f"{k}: {min(v):.2f} to {max(v):.2f}, median {np.median(v):.2f}" for k, v in groups.items())
    return show(figure, alt or f"{title}. {words}")


def confusion(truth, predicted, class_names, title="Where it is right, and where not"):
    """The confusion matrix, counts written in the cells. truth, predicted: (n,) class numbers."""
    table = np.zeros((len(class_names), len(class_names)), int)
    np.add.at(table, (np.ravel(truth).astype(int), np.ravel(predicted).astype(int)), 1)
    side = 1.6 + 0.55 * len(class_names)
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axis = plt.subplots(figsize=(side + 0.6, side))
        axis.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(table):
            dark = count > 0.5 * table[row].sum()
            axis.text(column, row, count, ha="center", va="center", color="white" if dark else "black")
        ticks = range(len(class_names))
        axis.set(xticks=ticks, xticklabels=class_names, yticks=ticks, yticklabels=class_names)
        if max(map(len, class_names)) > (6 if len(class_names) > 4 else 9):  # else neighbours would overlap
            axis.tick_params("x", rotation=45)
        axis.set(xlabel="predicted", ylabel="true", title=title)
    right = f"{np.trace(table)} of {table.sum()} right"
    rows = "; ".join(f"true {name}: {', '.join(map(str, row))}" for name, row in zip(class_names, table, strict=True))
    return show(figure, f"Confusion matrix, {right}. Predicted in the order {', '.join(class_names)}. {rows}.")


def mistakes(images, truth, probability, class_names, count=8):
    """The pictures of which the network was most sure and wrong; above each the true class and its answer.

    probability: (n,) or (n, 1) of class 1, or (n, classes).
    """
    probability = np.asarray(probability, float).reshape(len(images), -1)
    if probability.shape[1] == 1:
        probability = np.hstack([1 - probability, probability])
    truth, predicted = np.ravel(truth).astype(int), probability.argmax(axis=1)
    sure = probability.max(axis=1)
    wrong = [i for i in np.argsort(-sure) if predicted[i] != truth[i]][:count]
    if not wrong:
        return "No mistakes."
    told = [(class_names[truth[i]], class_names[predicted[i]], f"{sure[i]:.0%}") for i in wrong]
    alt = "The worst mistakes: " + "; ".join(f"{true} taken for {answer} {part}" for true, answer, part in told)
    return pictures(images[wrong], [_above(*one) for one in told], columns=4, alt=alt, size=1.5)


def _above(true, answer, sure):
    """The words above a mistake, on as many lines as their length needs."""
    first = " " if len(true + answer + sure) < 14 else "\n"
    second = " " if len(answer + sure) < 22 else "\n"
    return f"{true}{first}\u2192 {answer}{second}{sure}"


def network(model):
    """A picture of the model's layers and shapes."""
    from course_utils.diagram import picture

    return picture(model)


def where_networks_part(runs, places, title, same=1e-4, alt=None):
    """How far networks differ from another one, place by place, on a logarithmic axis.

    runs: {label: one relative difference a place}; places: their names, in the order in which pictures pass them;
    same: below it a difference is no more than rounding. Zero is drawn as 1e-8.
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(5.6, 3.6))
        ends, words = [], []
        for colour, (label, values) in zip((GREEN, ORANGE, BLUE, PURPLE, GREY), runs.items(), strict=False):
            exponents = np.log10(np.maximum(values, 1e-8))
            axis.plot(exponents, "o-", color=colour, markersize=4)
            ends.append((len(places) - 1, exponents[-1], label, colour))
            first = next((place for place, value in zip(places, values, strict=True) if value > same), None)
            words.append(f"{label}: {f'differs from {first} on' if first else 'equal everywhere'}")
        axis.axhline(np.log10(same), color="black", linewidth=1, linestyle=":")
        ticks = range(-8, 3, 2)
        axis.set(yticks=ticks, yticklabels=["0", *(f"$10^{{{tick}}}$" for tick in ticks[1:])], ylim=(-8.4, 2.4))
        axis.set_xticks(range(len(places)), places, rotation=90, fontsize=8)
        axis.set(ylabel="relative difference", title=title)
        _label_ends(axis, ends)
    return show(figure, alt or f"{title}. {'; '.join(words)}")


def depths(runs, title, ylabel="training loss", alt=None):
    """Learning curves of networks of growing depth, one panel a kind, the deepest drawn strongest.

    runs: {kind: {depth: one value an epoch}}.
    """
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(runs), figsize=(6.8, 3.2), sharey=True, squeeze=False)
        for panel, colour, (kind, losses) in zip(panels[0], (ORANGE, BLUE, GREEN), runs.items(), strict=False):
            for strength, values in zip(np.linspace(0.4, 1, len(losses)), losses.values(), strict=True):
                panel.plot(range(1, len(values) + 1), values, color=colour, alpha=strength)
            panel.set(xlabel="epoch", title=kind)
        panels[0, 0].set(ylabel=ylabel, ylim=(0, None))
        for panel, colour, losses in zip(panels[0], (ORANGE, BLUE, GREEN), runs.values(), strict=False):
            _label_ends(panel, [(len(v), v[-1], f"{depth} layers", colour) for depth, v in losses.items()])
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    ends = (f"{kind}, {depth} layers, ends at {v[-1]:.2f}" for kind, one in runs.items() for depth, v in one.items())
    return show(figure, alt or f"{title}. {ylabel}: {'; '.join(ends)}")


def lines(series, title, xlabel, ylabel, log=False, alt=None):
    """Measured points joined by lines, each labelled at its right end. series: {label: (x, y)}; log: of the y axis."""
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots()
        ends = []
        for colour, (label, (x, y)) in zip((BLUE, ORANGE, GREEN, PURPLE, GREY), series.items(), strict=False):
            axis.plot(x, y, ".-", color=colour, markersize=8)
            ends.append((x[-1], y[-1], label, colour))
        axis.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
        _label_ends(axis, ends)
    ends = (f"{label} from {y[0]:.2g} to {y[-1]:.2g}" for label, (x, y) in series.items())
    return show(figure, alt or f"{title}. {ylabel} along {xlabel}: {'; '.join(ends)}")


def running_against_batch(norm, inputs, title, alt=None):
    """What a batch normalisation remembers against what it meets: one dot a channel, equal on the dotted line.

    norm: a built BatchNormalization over the last axis; inputs: what reaches it, (batch, height, width, channels).
    """
    values = np.reshape(inputs, (-1, np.shape(inputs)[-1]))
    panels = {
        "mean": (values.mean(axis=0), np.asarray(norm.moving_mean)),
        "standard deviation": (values.std(axis=0), np.sqrt(norm.moving_variance)),
    }
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(6.8, 3.4))
        for axis, (what, (met, kept)) in zip(axes, panels.items(), strict=True):
            ends = min(met.min(), kept.min()), max(met.max(), kept.max())
            axis.plot(ends, ends, ":", color="black", linewidth=1)
            axis.plot(met, kept, ".", color=BLUE, markersize=3, alpha=0.5, markeredgewidth=0)
            axis.set(xlabel=f"{what} of the batch", ylabel=f"running {what}", aspect="equal")
            axis.locator_params(nbins=5)
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    words = (f"{what} {np.median(met):.2g} met, {np.median(kept):.2g} kept" for what, (met, kept) in panels.items())
    return show(figure, alt or f"{title}. {values.shape[1]} channels, in their middle: {'; '.join(words)}")


def costs(layers, title, alt=None):
    """Where a network keeps its parameters and where it spends its multiplications: two bars a layer.

    layers: {name: (parameters, multiplications)}, in the order in which a picture passes them.
    """
    names, places = [*layers], range(len(layers))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(6.8, 0.9 + 0.24 * len(layers)), sharey=True)
        for axis, colour, what, values in zip(
            axes, (BLUE, ORANGE), ("parameters", "multiplications"), zip(*layers.values(), strict=True), strict=True
        ):
            axis.barh(places, values, color=colour)
            for place, value in zip(places, values, strict=True):
                axis.annotate(
                    _short(value), (value, place), (3, 0), textcoords="offset points", va="center", fontsize=8
                )
            axis.set(xlim=(0, 1.22 * max(values)), xticks=[], xlabel=f"{what}: {_short(sum(values))} in all")
            axis.spines["bottom"].set_visible(False)
            axis.grid(visible=False)
        axes[0].set_yticks(places, names, fontsize=8)
        axes[0].invert_yaxis()
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    rows = "; ".join(f"{name} {_short(p)} and {_short(m)}" for name, (p, m) in layers.items())
    return show(figure, alt or f"{title}. Parameters and multiplications of each layer: {rows}")


def _short(number):
    """156 -> "156", 61706 -> "61.7 k", 138357544 -> "138 M"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}" if number < 100 * size else f"{number / size:.0f} {unit}"
    return str(number)


def fields(arrays, titles, title, alt=None):
    """Small square arrays of whole numbers side by side, each number in its pixel; zeros stay empty."""
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axes = plt.subplots(1, len(arrays), figsize=(6.8, 6.8 / len(arrays) + 0.5), squeeze=False)
        for axis, array, name in zip(axes[0], arrays, titles, strict=True):
            array = np.asarray(array)
            axis.imshow(np.sqrt(array), cmap="Blues")
            for (row, column), value in np.ndenumerate(array):
                if value:
                    dark = value > 0.3 * array.max()
                    colour = "white" if dark else "black"
                    axis.text(column, row, f"{value:g}", ha="center", va="center", fontsize=7, color=colour)
            rows, columns = array.shape
            axis.set_xticks(np.arange(columns + 1) - 0.5, [])
            axis.set_yticks(np.arange(rows + 1) - 0.5, [])
            axis.grid(visible=True, linewidth=0.5)
            axis.tick_params(length=0)
            axis.spines[:].set_visible(False)
            axis.set_title(name, fontsize=10)
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    seen = (
        f"{name}: {np.count_nonzero(np.any(a, axis=0))} pixels wide" for a, name in zip(arrays, titles, strict=True)
    )
    return show(figure, alt or f"{title}. {'; '.join(seen)}")


def by_count(runs, counts, title, xlabel="pictures per class", ylabel="test accuracy", alt=None):
    """How much is learned from how many pictures: a line through the medians, a bar from the worst run to the best.

    runs: {label: accuracies (runs, counts)}; counts: numbers of pictures, drawn on a logarithmic axis.
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots()
        ends, words = [], []
        for place, (label, values) in enumerate(runs.items()):
            colour, marker = (BLUE, ORANGE, GREEN, PURPLE, GREY, "black")[place % 6], "osD^vX"[place % 6]
            values, middle = np.asarray(values, float), np.median(values, axis=0)
            x = np.asarray(counts) * 1.04 ** (place - (len(runs) - 1) / 2)  # bars side by side
            axis.vlines(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.5)
            axis.plot(x, middle, marker=marker, markersize=5, color=colour)
            ends.append((x[-1], middle[-1], label, colour))
            words.append(f"{label} {', '.join(f'{y:.2f}' for y in middle)}")
        axis.set(xscale="log", xlabel=xlabel, ylabel=ylabel, title=title)
        axis.set_xticks(counts, counts)
        axis.minorticks_off()
        _label_ends(axis, ends)
    return show(figure, alt or f"{title}. {ylabel} with {', '.join(map(str, counts))} {xlabel}: {'; '.join(words)}")


def principal_colours(mean, eigenvalues, components, title, alt=None):
    """Along which directions colours vary: a strip for each principal component, from -2 to 2 standard deviations.

    mean: colour (3,) in 0..1; eigenvalues (3,) and components (3, 3), one a column, of the covariance of colours.
    """
    order = np.argsort(eigenvalues)[::-1]
    shares = eigenvalues[order] / np.sum(eigenvalues)
    along = np.linspace(-2, 2, 201)[:, None]
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axes = plt.subplots(3, 1, figsize=(6.4, 2.5), sharex=True)
        for axis, which, share in zip(axes, order, shares, strict=True):
            strip = mean + along * np.sqrt(eigenvalues[which]) * components[:, which]
            axis.imshow(np.clip(strip, 0, 1)[None], extent=(-2, 2, 0, 1), aspect="auto")
            axis.set(yticks=[], ylabel=f"{share:.0%}")
            axis.yaxis.label.set(rotation=0, ha="right", va="center")
        axes[-1].set(xlabel="standard deviations from the mean colour", xticks=range(-2, 3))
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    return show(figure, alt or f"{title}. Shares of the variance: {', '.join(f'{share:.1%}' for share in shares)}")


def timelines(runs, title, alt=None):
    """Who works when: a panel a run, a row for each who works, a bar for each piece of work.

    runs: {label: {who: [(begin, end), ...]}} in milliseconds.
    """
    longest = max(end for rows in runs.values() for bars in rows.values() for _, end in bars)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(len(runs), 1, figsize=(6.8, 1.5 * len(runs)), sharex=True, squeeze=False)
        words = []
        for axis, (label, rows) in zip(axes[:, 0], runs.items(), strict=True):
            for place, (colour, bars) in enumerate(zip((BLUE, ORANGE, GREEN, PURPLE), rows.values(), strict=False)):
                spans = [(begin, end - begin) for begin, end in bars]
                axis.broken_barh(spans, (place - 0.35, 0.7), color=colour, alpha=0.6, edgecolor="white", linewidth=1)
            axis.set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
            axis.set_xlim(0, 1.02 * longest)
            axis.set_title(label, fontsize=10)
            axis.grid(axis="y", visible=False)
            count, end = len([*rows.values()][-1]), max(end for bars in rows.values() for _, end in bars)
            words.append(f"{label}: {count} batches in {end:.0f} ms")
        axes[-1, 0].set(xlabel="milliseconds")
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    return show(figure, alt or f"{title}. {'; '.join(words)}")


def maps(arrays, titles, title, picture=None, numbers=False, columns=4, alt=None):
    """Arrays of signed numbers side by side: above 0 orange, below 0 blue, 0 white, each on a scale of its own.

    picture: drawn before them in grey (h, w) or colours (h, w, 3), under the first title. numbers: write each in its
    pixel.
    """
    arrays = [np.asarray(array, float) + 0.0 for array in arrays]  # no "-0"
    signed = LinearSegmentedColormap.from_list("signed", (BLUE, "white", ORANGE))
    panels = [] if picture is None else [(picture, {"cmap": "gray"})]
    for array in arrays:
        top = abs(array).max() or 1
        panels.append((array, {"cmap": signed, "vmin": -top, "vmax": top}))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    side = min(6.8 / columns, 2.2)
    with plt.rc_context({**STYLE, "axes.grid": False}):
        size = (max(side * columns, 4), (side + 0.25) * rows + 0.3)
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axis in axes.flat[len(panels) :]:
            axis.axis("off")
        for axis, (array, how), name in zip(axes.flat, panels, titles, strict=False):
            axis.imshow(array, **how)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(visible=True, color="#b0b0b0")
            axis.set_title(name, fontsize=9, loc="center", pad=3)
            for (row, column), value in np.ndenumerate(array) if numbers else ():
                dark = abs(value) > 0.7 * how["vmax"]
                axis.text(column, row, f"{value:g}", ha="center", va="center", color="white" if dark else "black")
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout(pad=0.4)
    ends = [
        f"{name} from {a.min():.2g} to {a.max():.2g}" for name, a in zip(titles[-len(arrays) :], arrays, strict=True)
    ]
    return show(figure, alt or f"{title}. {'; '.join(ends)}")


def heat_maps(images, maps, titles, title, alt=None):
    """Pictures, and maps of each laid over it in grey: yellow is high, dark is low. Below it, or beside it if few.

    images: (n, height, width, 3), uint8 or 0..1; maps: {label: n arrays (h, w) of any size}, each drawn from 0 to its
    own largest value; what is negative is drawn as 0, nan is left free. titles: n words.
    """
    images = np.asarray(images)
    greys = images.mean(axis=-1) / (255 if images.dtype == np.uint8 else 1)
    height, width = greys.shape[1:]
    beside = len(images) < 3
    size = 1.8 if beside else min(1.4, 6.6 / len(images))
    shape = np.array([1 + len(maps), len(images)])
    with plt.rc_context({**STYLE, "axes.grid": False}):
        rows, columns = shape[::-1] if beside else shape
        figure, axes = plt.subplots(rows, columns, figsize=(columns * size + 0.2, rows * size + 0.5), squeeze=False)
        axes = axes.T if beside else axes  # one row per map
        for axis in axes.flat:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        for axis, image, words in zip(axes[0], images, titles, strict=True):
            axis.imshow(image)
            axis.set_title(str(words), fontsize=8, loc="center", pad=3)
        for row, (label, heats) in zip(axes[1:], maps.items(), strict=True):
            if beside:
                row[0].set_title(label, fontsize=8, loc="center", pad=3)
            else:
                row[0].set_ylabel(label, fontsize=9)
            for axis, grey, heat in zip(row, greys, heats, strict=True):
                extent, top = (0, width, height, 0), max(np.nanmax(heat), 1e-12)
                axis.imshow(grey, cmap="gray", vmin=0, vmax=1, extent=extent)
                axis.imshow(heat, vmin=0, vmax=top, alpha=0.55, extent=extent, interpolation="bilinear")
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout(pad=0.4, h_pad=0.3, w_pad=0.3)
    words = "; ".join(
        f"{words}: " + ", ".join(f"{label} highest {_place(heats[i])}" for label, heats in maps.items())
        for i, words in enumerate(titles)
    )
    return show(figure, alt or f"{title}. {words}")


def _place(heat):
    """Where the highest value of a map lies, in words: "top left", "middle", "bottom right" ..."""
    heat = np.asarray(heat)
    if not np.nanmax(heat) > 0:
        return "nowhere"
    row, column = np.unravel_index(np.nanargmax(heat), heat.shape)
    across = ("left", "", "right")[int(3 * (column + 0.5) / heat.shape[1])]
    along = ("top", "middle", "bottom")[int(3 * (row + 0.5) / heat.shape[0])]
    return f"{along} {across}".strip()


def variants(original, changed, alt):
    """One picture at the left, and eight that were made of it, half as large. All uint8, of any square size."""
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(6.8, 2.4))
        grid = figure.add_gridspec(2, 6, left=0, right=1, bottom=0, top=0.91, wspace=0.04, hspace=0.04)
        places = [grid[:, :2], *(grid[row, column] for row in range(2) for column in range(2, 6))]
        for place, image in zip(places, [original, *changed], strict=True):
            axis = figure.add_subplot(place)
            axis.imshow(image)
            axis.axis("off")
        figure.axes[0].set_title("original", fontsize=9, loc="center", pad=3)
    return show(figure, alt)


def gaps(runs, title, ylabel="accuracy", xlabel="step", every=1, alt=None):
    """Two curves and what lies between them, a panel per method. runs: {method: {label: several runs (n, points)}}.

    The first label's curve is dashed, the second's is not. every: steps between two points.
    """
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(runs), figsize=(6.8, 3.2), sharey=True, squeeze=False)
        words, labels = [], []
        for panel, colour, (method, pair) in zip(panels[0], (BLUE, ORANGE, GREEN), runs.items(), strict=False):
            ends, middles = [], []
            for style, (label, values) in zip(("--", "-"), pair.items(), strict=True):
                values = np.atleast_2d(np.asarray(values, float))
                x = every * np.arange(1, values.shape[1] + 1)
                middles.append(np.median(values, axis=0))
                panel.plot(x, values.T, style, color=colour, alpha=0.35, linewidth=1)
                panel.plot(x, middles[-1], style, color=colour)
                ends.append((x[-1], middles[-1][-1], label, colour))
            panel.fill_between(x, *middles, color=GREY, alpha=0.12, linewidth=0)
            gap = middles[0][-1] - middles[1][-1]
            between = (0.96 * x[-1], (middles[0][-1] + middles[1][-1]) / 2)
            panel.text(*between, f"{gap:.2f}", ha="right", va="center", color="black")
            panel.set(xlabel=xlabel, title=method)
            labels.append((panel, ends))
            words.append(f"{method}: {' and '.join(f'{label} {y:.2f}' for _, y, label, _ in ends)}, {gap:.2f} apart")
        panels[0, 0].set(ylabel=ylabel)
        for panel, ends in labels:  # when all is drawn: the panels share their limits
            _label_ends(panel, ends)
        figure.suptitle(title, x=0.02, ha="left", fontsize=11)
        figure.tight_layout()
    return show(figure, alt or f"{title}. At the end, {'; '.join(words)}")
