"""The style of the course's drawn figures. `python images/drawing.py` draws all of them again.

A figure is a module beside this one with a function `draw()` that returns an SVG: 680 units wide, about the width of
a notebook's page, so that a unit is a pixel there. Its title says what is to be seen; text is at least 12 px, black or
grey, and its boxes leave room for a wider font. Colours are those of course_utils.plots, and mean the same everywhere:
blue has weights and convolves, green pools, purple is dense, grey has no weights to speak of, and what the figure is
about, above all the shortcut, is orange. A figure has a paper of its own, which turns dark together with its ink.
"""

from html import escape
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from course_utils.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

WIDTH, MARGIN, LINE = 680, 16, 17  # of the paper, on its sides, from one line of text to the next

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "muted": "#555555",
    "conv": ("#e3f0f8", BLUE),  # what fills a box, and what it is drawn with
    "pool": ("#ddf3ea", GREEN),
    "dense": ("#f8e9f2", PURPLE),
    "plain": ("#f1f1f1", GREY),
    "accent": ("#fdeadd", ORANGE),
}
DARK = {
    "paper": "#16191d",
    "ink": "#f0f3f6",
    "muted": "#b3bcc6",
    "conv": ("#12344a", "#56b4e9"),
    "pool": ("#0d3b2e", "#2fbf94"),
    "dense": ("#442939", PURPLE),
    "plain": ("#2b3138", "#9aa4af"),
    "accent": ("#4a2a10", "#e69f00"),
}
KINDS = "conv", "pool", "dense", "plain", "accent"


def figure(title, description, height, *parts):
    """The whole SVG: a paper of 680 x height with its title, and the parts (strings or lists of strings) on it."""
    body = "\n".join(_flat(parts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
        ' role="img" aria-labelledby="title desc">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(description)}</desc>\n'
        f"<style>\n{_rules(LIGHT)}{COMMON}@media (prefers-color-scheme: dark) {{\n{_rules(DARK)}}}\n</style>\n"
        f"<defs>{''.join(_tip(kind) for kind in ('plain', 'accent'))}</defs>\n"
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>\n'
        f"{text(MARGIN, 30, title, 'title', 'start')}\n{body}\n</svg>\n"
    )


def text(x, y, words, style="", anchor="middle"):
    """One line of text, y its base line. style: "strong", "small", "muted" or several of them; anchor: as in SVG."""
    style = f' class="{style}"' if style else ""
    anchor = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{_n(x)}" y="{_n(y)}"{style}{anchor}>{escape(words)}</text>'


def lines(x, y, words, style="", anchor="middle"):
    """Lines of text below one another, y the base line of the first."""
    return [text(x, y + LINE * row, line, style, anchor) for row, line in enumerate(words)]


def box(x, y, width, height, words, kind="plain", corner=4):
    """A box centred at (x, y) with one line of text, or two where words is a pair."""
    words = (words,) if isinstance(words, str) else words
    first = y + 4.5 - LINE / 2 * (len(words) - 1)
    inside = "".join(lines(x, first, words[:1]) + lines(x, first + LINE, words[1:], "small muted"))
    return f'<g class="box">{rect(x - width / 2, y - height / 2, width, height, kind, corner)}{inside}</g>'


def rect(x, y, width, height, style, corner=0):
    corner = f' rx="{_n(corner)}"' if corner else ""
    return f'<rect class="{style}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{corner}/>'


def plus(x, y):
    """Where a shortcut is added."""
    sign = f"M{_n(x - 5)} {_n(y)}H{_n(x + 5)}M{_n(x)} {_n(y - 5)}V{_n(y + 5)}"
    return f'<circle class="accent" cx="{_n(x)}" cy="{_n(y)}" r="11"/><path class="sign" d="{sign}"/>'


def arrow(*points, kind="plain", tip=True, corner=8):
    """A line through the points with round corners and a tip at its end. kind: "plain", or "accent" for a shortcut."""
    path = [f"M{_xy(points[0])}"]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        path.append(f"L{_xy(_towards(here, before, corner))}Q{_xy(here)} {_xy(_towards(here, after, corner))}")
    path.append(f"L{_xy(points[-1])}")
    end = f' marker-end="url(#tip-{kind})"' if tip else ""
    return f'<path class="{kind} line" d="{"".join(path)}"{end}/>'


def maps(x, y, channels, size, kind="plain", slant=0.35):
    """Feature maps as a block: its front is channels long and size high, the maps themselves recede to the right.

    (x, y) is the front's lower left corner, everything in units of the figure. Ends at x + channels + slant * size.
    """
    right, top, back = x + channels, y - size, slant * size
    sides = (
        f'<path class="{kind}" d="M{_xy((x, top))}l{_xy((back, -back))}h{_n(channels)}L{_xy((right, top))}z"/>'
        f'<path class="{kind} side" d="M{_xy((right, y))}v{_n(-size)}l{_xy((back, -back))}v{_n(size)}z"/>'
    )
    return sides + rect(x, top, channels, size, kind)


def side(x, y, size, content, slant=0.35):
    """Content drawn on 0..100 x 0..100, laid on the receding side of `maps` whose lower edge begins at (x, y)."""
    scale = size / 100
    matrix = f"{scale * slant:.4f} {-scale * slant:.4f} 0 {scale:.4f} {_n(x)} {_n(y - size)}"
    return f'<g transform="matrix({matrix})">{content}</g>'


def column(x, y, steps, width=150, gap=14):
    """Boxes below one another, joined by arrows: ([parts], [(top, bottom) of each box]).

    steps: (kind, words) each; "plain" boxes are lower than the others, those with two lines higher. y: where the
    first begins.
    """
    parts, places = [], []
    for kind, words in steps:
        height = 24 if kind == "plain" else 32 if isinstance(words, str) else 42
        if places:
            parts.append(arrow((x, places[-1][1]), (x, y)))
        parts.append(box(x, y + height / 2, width, height, words, kind, 12 if kind == "plain" else 4))
        places.append((y, y + height))
        y += height + gap
    return parts, places


class Layer(NamedTuple):
    """What a network's figure shows of a layer, or of several equal ones in a row."""

    kind: str  # "input", "conv", "pool" or "dense"
    words: tuple  # up to three lines: its name, its kernel, its stride
    shape: tuple  # of its output: (height, width, channels), or (units,)
    parameters: int  # of all of them together
    repeat: int = 1


def network(layers, widths, base, size, length, picture):
    """A network from left to right: each layer's output as a block, below it what made it, its shape and parameters.

    widths: of the column of each kind of layer, no words where it is below 40; base: where the blocks stand; size,
    length: functions that give the height of a block for that of its maps, and its length for their channels or the
    units; picture: on 0..100 x 0..100, laid on the input.
    """
    parts, x = [], (WIDTH - sum(widths[layer.kind] for layer in layers)) / 2
    for number, layer in enumerate(layers):
        centre = x + widths[layer.kind] / 2
        if len(layer.shape) == 1:
            units = length(layer.shape[0])
            parts.append(rect(centre - 6, base - units, 12, units, "dense"))
            reach = 6
        else:
            high, long = size(layer.shape[0]), length(layer.shape[-1])
            whole = layer.repeat * long + 3 * (layer.repeat - 1) + 0.35 * high
            kind = "plain" if layer.kind == "input" else layer.kind
            for place in range(layer.repeat):
                parts.append(maps(centre - whole / 2 + place * (long + 3), base, long, high, kind))
            if layer.kind == "input":
                parts.append(side(centre - whole / 2 + long, base, high, picture))
            reach = whole / 2
        x += widths[layer.kind]
        if widths[layer.kind] < 40:
            continue  # too narrow for words: a legend tells
        shape = [f"{layer.shape[0]}×{layer.shape[1]}", f"×{layer.shape[2]}"] if reach != 6 else [str(layer.shape[0])]
        parts += lines(centre, base + 30, layer.words[:1], "strong small")
        parts += lines(centre, base + 30 + LINE, layer.words[1:], "small muted")
        parts += lines(centre, base + 89, shape, "small")
        if not number:
            parts.append(text(centre, base + 130, "parameters", "small muted"))
        elif layer.parameters:
            parts.append(text(centre, base + 130, count(layer.parameters), "small"))
    return [parts, arrow((MARGIN, base + 8), (WIDTH - MARGIN, base + 8))]


def count(number):
    """A number as it is written in a narrow column: 48,120 or 37.8 M."""
    return f"{number / 1e6:.3g} M" if number >= 100_000 else f"{number:,}"


def scene():
    """The picture that figures on pictures use: somebody who smiles, on 0..100 x 0..100. Has the same colours always.

    It is not symmetrical (cap, window, plant), so that a mirrored one can be told.
    """
    return (
        '<path fill="#cfe3ee" d="M0 0h100v100H0z"/>'
        '<path fill="#b9d3e1" d="M0 74h100v26H0z"/>'
        '<path fill="#fff" d="M6 8h26v32H6z"/><path fill="#7fb4d6" d="M8 10h22v28H8z"/>'
        '<circle fill="#f0e442" cx="22" cy="18" r="5"/><path fill="#fff" d="M18 10h2v28h-2zM8 23h22v2H8z"/>'
        '<path fill="#8a4b2a" d="M80 86h16l-2 14H82z"/>'
        '<path fill="#009e73" d="M87 86c-9-8-10-17-7-24 5 5 7 9 8 15 1-9 4-14 10-17 1 9-2 19-8 26z"/>'
        '<path fill="#0072b2" d="M26 100c1-15 12-19 25-19s24 4 25 19z"/>'
        '<path fill="#d9a06f" d="M44 70h14v14c-4 4-10 4-14 0z"/>'
        '<ellipse fill="#eeb98a" cx="51" cy="54" rx="20" ry="23"/>'
        '<ellipse fill="#d9a06f" cx="31.5" cy="55" rx="3" ry="5"/>'
        '<ellipse fill="#d9a06f" cx="70.5" cy="55" rx="3" ry="5"/>'
        '<path fill="#d55e00" d="M29 44c1-14 10-22 22-22s20 7 22 18l16 2c3 1 3 5 0 5z"/>'
        '<circle fill="#1f2328" cx="43" cy="54" r="2.6"/><circle fill="#1f2328" cx="60" cy="54" r="2.6"/>'
        '<path fill="none" stroke="#1f2328" stroke-width="2.2" stroke-linecap="round" d="M41 64c5 7 16 7 21 0"/>'
    )


def scenes():
    """What `tile` refers to; stands once in a figure, before its tiles."""
    return f'<defs><clipPath id="frame"><rect width="100" height="100"/></clipPath><g id="scene">{scene()}</g></defs>'


def tile(x, y, size, change="", style=""):
    """The scene in a square frame at (x, y), changed by an SVG transform of 0..100 x 0..100; style: more attributes."""
    change = f' transform="{change}"' if change else ""
    return (
        f'<g transform="translate({_n(x)} {_n(y)}) scale({size / 100:.3f})"><g clip-path="url(#frame)">'
        f'<rect class="plain side" width="100" height="100"/><use href="#scene"{change}{style}/></g>'
        '<rect class="plain line" width="100" height="100"/></g>'
    )


COMMON = """\
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif }
text.small { font-size: 12px }
text.strong { font-weight: 600 }
text.title { font-size: 15px; font-weight: 600 }
.sign { fill: none; stroke-width: 2 }
.plain.line, .accent.line { fill: none; stroke-width: 1.6 }
.accent.line { stroke-width: 3 }
path.tip { stroke: none }
"""


def _rules(colours):
    rules = [
        f".paper {{ fill: {colours['paper']} }}",
        f"text {{ fill: {colours['ink']} }}",
        f"text.muted {{ fill: {colours['muted']} }}",
        f".sign {{ stroke: {colours['ink']} }}",
    ]
    for kind in KINDS:
        fill, stroke = colours[kind]
        rules.append(f".{kind} {{ fill: {fill}; stroke: {stroke} }}")
        rules.append(f".{kind}.side {{ fill: {_mixed(fill, stroke)} }} .{kind}.tip {{ fill: {stroke} }}")
    return "".join(f"{rule}\n" for rule in rules)


def _mixed(one, other, share=0.25):
    """One colour with a share of the other, for the side of a block that lies in the shade."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + share * (b - a)) for a, b in pairs).hex()


def _tip(kind):
    size = 4.8 if kind == "plain" else 4  # in widths of its line
    return (
        f'<marker id="tip-{kind}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="{size}" markerHeight="{size}"'
        f' orient="auto"><path class="{kind} tip" d="M0 0L8 4L0 8z"/></marker>'
    )


def _towards(here, there, length):
    (x, y), (u, v) = here, there
    distance = abs(u - x) + abs(v - y)  # lines run across or down
    share = min(length / distance, 0.5)
    return x + (u - x) * share, y + (v - y) * share


def _flat(parts):
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            yield from _flat(part)


def _n(number):
    return f"{number:.1f}".removesuffix(".0")


def _xy(point):
    return f"{_n(point[0])} {_n(point[1])}"


def figures():
    """Each figure as its code draws it now: {file name: SVG}."""
    modules = (path for path in sorted(Path(__file__).parent.glob("*.py")) if "\ndef draw(" in path.read_text("utf-8"))
    return {f"{path.stem}.svg": import_module(path.stem).draw() for path in modules}


if __name__ == "__main__":
    for name, svg in figures().items():
        Path(__file__).with_name(name).write_text(svg, encoding="utf-8", newline="\n")
