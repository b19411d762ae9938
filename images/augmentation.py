"""Draws augmentation.svg: one picture and five others that are made of it."""

from drawing import MARGIN, figure, scenes, text, tile

TITLE = "Six pictures of one face, and it smiles in all of them"
DESCRIPTION = (
    "A drawn face with a cap, in front of a window and a plant, six times: as it is; mirrored, so that the cap points "
    "to the other side; a part of it, cropped and enlarged; shifted to the right and down; turned by a few degrees; "
    "and in warmer colours. What a shift or a turn brings in from outside is grey."
)
WARMER = (
    '<filter id="warmer" color-interpolation-filters="sRGB"><feComponentTransfer>'
    '<feFuncR type="linear" intercept="0.1"/><feFuncG type="linear" intercept="0.02"/>'
    '<feFuncB type="linear" intercept="-0.14"/></feComponentTransfer></filter>'
)
TILES = (  # name, transform of the picture's 100 x 100 units, further attributes
    ("original", "", ""),
    ("mirrored", "matrix(-1 0 0 1 100 0)", ""),
    ("cropped", "scale(1.35) translate(-20 -9)", ""),
    ("shifted", "translate(13 9)", ""),
    ("turned", "rotate(-12 50 50)", ""),
    ("colour-shifted", "", ' filter="url(#warmer)"'),
)


def draw():
    size, step, parts = 100, 109.6, []
    for number, (name, change, style) in enumerate(TILES):
        x = MARGIN + number * step
        parts += [tile(x, 52, size, change, style), text(x + size / 2, 172, name, "small")]
    note = "What a shift or a turn brings in from outside has to be invented; here it is grey."
    return figure(TITLE, DESCRIPTION, 216, scenes(), WARMER, parts, text(MARGIN, 200, note, "small muted", "start"))
