"""A picture of a model's layers and shapes: boxes top down, with shortcuts as arcs at the side.

It is drawn here, and not by Graphviz where that is installed: so everybody sees the same picture, in a readable size.
"""

import base64
from html import escape
from statistics import mean

from IPython.display import HTML

GAP = 22  # between two columns, in pixels, as all lengths here
WIDE = 300, 40, 22  # of a box: width and height, and the gap below
NARROW = 160, 56, 40  # where there are more than two columns


def picture(model):
    """The picture of a built Sequential or functional model (of any other: its layers in order) as an HTML image."""
    layers = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in graph(model)[0])
    alt = f"The layers of {model.name} from input to output: {layers}"
    data = base64.b64encode(drawn(model).encode()).decode()
    return HTML(f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}" style="max-width: 100%">')


def drawn(model):
    """The SVG of a model."""
    layers, edges = graph(model)
    rank = ranks(layers, edges)
    column = columns(layers, edges, rank)
    left, right = min(column.values(), default=0), max(column.values(), default=0)
    wide, high, below = size = WIDE if right - left < 2 else NARROW
    arcs = any(rank[target] - rank[source] > 1 for source, target in edges)
    width = (right - left + 1) * (wide + GAP) + GAP + (60 if arcs else 0)
    height = (max(rank.values(), default=0) + 1) * (high + below) + GAP
    place = {
        layer: (GAP + (column[layer] - left) * (wide + GAP), GAP + rank[layer] * (high + below)) for layer in layers
    }
    parts = [_arrow(place[a], place[b], rank[b] - rank[a] > 1, size) for a, b in edges]
    parts += [_box(layer, *place[layer], size) for layer in layers]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}"'
        ' font-family="sans-serif" font-size="12">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )


def graph(model):
    """The model's layers in topological order, and its edges as pairs of layers."""
    model = getattr(model, "_functional", None) or model  # a Sequential holds its functional form
    if not hasattr(model, "operations"):
        return model.layers, list(zip(model.layers, model.layers[1:], strict=False))
    kept = set(model.operations)
    edges = []
    for layer in model.operations:
        for node in layer._inbound_nodes:
            sources = [tensor._keras_history.operation for tensor in node.input_tensors]
            edges += [(source, layer) for source in sources if source in kept]
    return model.operations, edges


def ranks(layers, edges):
    """The row of each layer: the length of the longest way to it from an input."""
    rank = dict.fromkeys(layers, 0)
    for layer in layers:
        for source, target in edges:
            if target is layer:
                rank[layer] = max(rank[layer], rank[source] + 1)
    return rank


def columns(layers, edges, rank):
    """The column of each layer, which may be half a one: below what it comes from, where there is room."""
    rows, column = {}, {}
    for layer in layers:
        rows.setdefault(rank[layer], []).append(layer)
    for _, row in sorted(rows.items()):
        wish = {}
        for layer in row:
            above = [column[source] for source, target in edges if target is layer and source in column]
            wish[layer] = mean(above or [0])
        row.sort(key=wish.get)
        taken = []
        for layer in row:
            taken.append(max(wish[layer], taken[-1] + 1) if taken else wish[layer])
        shift = mean(wish.values()) - mean(taken)
        column |= {layer: place + shift for layer, place in zip(row, taken, strict=True)}
    return column


def _shape(layer):
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):
        return ""
    return " × ".join("n" if size is None else str(size) for size in shape)


def _box(layer, x, y, size):
    width, height, _ = size
    kind = escape(type(layer).__name__.removesuffix("Layer"))
    right = f'x="{x + width - 10:g}" y="{y + 25}" text-anchor="end"'
    below = f'x="{x + 10:g}" y="{y + 47}"'
    return (
        f'<rect x="{x:g}" y="{y}" width="{width}" height="{height}" rx="5" fill="#eaf3f9" stroke="#0072B2"/>'
        f'<text x="{x + 10:g}" y="{y + 17}" font-weight="bold">{kind}</text>'
        f'<text x="{x + 10:g}" y="{y + 32}" fill="#555">{escape(layer.name[:24])}</text>'
        f"<text {right if size == WIDE else below}>{_shape(layer)}</text>"
    )


def _arrow(source, target, around, size):
    (x1, y1), (x2, y2), (width, height, _) = source, target, size
    if around:
        x1, x2, y1, y2 = x1 + width, x2 + width, y1 + height / 2, y2 + height / 2
        path = f"M{x1:g} {y1:g} C{x1 + 70:g} {y1:g}, {x2 + 70:g} {y2:g}, {x2:g} {y2:g}"
    else:
        x1, x2 = x1 + width / 2, x2 + width / 2
        path = f"M{x1:g} {y1 + height} L{x2:g} {y2}"
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="1.4" marker-end="url(#tip)"/>'
