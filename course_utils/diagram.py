"""A picture of a model's layers and shapes: by Graphviz where it is installed, else drawn here.

What is drawn here are boxes top down, with shortcuts as arcs at the side.
"""

import base64
import shutil
from html import escape

from IPython.display import HTML

WIDTH, HEIGHT, GAP = 300, 40, 22  # of a box, and between two rows, in pixels


def picture(model):
    """The picture of a built Sequential or functional model (of any other: its layers in order) as an HTML image."""
    svg = by_graphviz(model) if shutil.which("dot") else drawn(model)
    layers = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in graph(model)[0])
    alt = f"The layers of {model.name} from input to output: {layers}"
    data = base64.b64encode(svg.encode()).decode()
    return HTML(f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}" style="max-width: 100%">')


def by_graphviz(model):
    """The SVG that pydot and Graphviz make of a model."""
    import keras

    return keras.utils.model_to_dot(model, show_shapes=True, show_layer_names=True).create_svg().decode()


def drawn(model):
    """The SVG of a model, without Graphviz."""
    layers, edges = graph(model)
    rank = ranks(layers, edges)
    rows = {}
    for layer in layers:
        rows.setdefault(rank[layer], []).append(layer)
    columns = max(map(len, rows.values()))
    arcs = sum(rank[target] - rank[source] > 1 for source, target in edges)
    width = columns * (WIDTH + GAP) + GAP + (60 if arcs else 0)
    height = len(rows) * (HEIGHT + GAP) + GAP
    place = {}
    for row, members in rows.items():
        left = (columns - len(members)) * (WIDTH + GAP) / 2 + GAP
        for column, layer in enumerate(members):
            place[layer] = left + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP)
    parts = [_arrow(place[a], place[b], rank[b] - rank[a] > 1) for a, b in edges]
    parts += [_box(layer, *place[layer]) for layer in layers]
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


def _shape(layer):
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):
        return ""
    return " × ".join("n" if size is None else str(size) for size in shape)


def _box(layer, x, y):
    kind = escape(type(layer).__name__.removesuffix("Layer"))
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="#eaf3f9" stroke="#0072B2"/>'
        f'<text x="{x + 10}" y="{y + 17}" font-weight="bold">{kind}</text>'
        f'<text x="{x + 10}" y="{y + 32}" fill="#555">{escape(layer.name[:28])}</text>'
        f'<text x="{x + WIDTH - 10}" y="{y + 25}" text-anchor="end">{_shape(layer)}</text>'
    )


def _arrow(source, target, around):
    (x1, y1), (x2, y2) = source, target
    if around:
        x1, x2, y1, y2 = x1 + WIDTH, x2 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2
        path = f"M{x1} {y1} C{x1 + 70} {y1}, {x2 + 70} {y2}, {x2} {y2}"
    else:
        x1, x2 = x1 + WIDTH / 2, x2 + WIDTH / 2
        path = f"M{x1} {y1 + HEIGHT} L{x2} {y2}"
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="1.4" marker-end="url(#tip)"/>'
