"""Draws one_by_one.svg: what a 1 × 1 convolution does (Lin et al. 2013, arXiv:1312.4400)."""

from drawing import arrow, box, figure, maps, rect, text

SIZE, IN, OUT = 28, 192, 32  # height and width of the maps, and their channels
TITLE = "A 1 × 1 convolution is a dense layer at each pixel"
DESCRIPTION = (
    "Left, feature maps of 28 × 28 pixels and 192 channels; one pixel, a rod through all channels, is marked. Its 192 "
    "numbers enter a dense layer with 192 × 32 weights and 32 biases, the same for every pixel. The 32 numbers that "
    "come out are the same pixel of the maps on the right: 28 × 28 pixels, 32 channels. Height and width stay."
)


def tensor(x, base, channels):
    """Maps with one pixel marked: a rod along the front, as long as there are channels."""
    long, high, thick = 0.9 * channels, 4 * SIZE, 12
    end, rod = x + long, base - high / 2
    return [
        maps(x, base, long, high, "conv"),
        rect(x, rod - thick, long, thick, "accent"),
        f'<path class="accent side" d="M{end:.1f} {rod:.1f}v-{thick}l4 -4v{thick}z"/>',
        text(x + long / 2 + 18, base + 24, f"{SIZE} × {SIZE} × {channels}"),
    ]


def draw():
    base, y = 216, 154
    return figure(
        TITLE,
        DESCRIPTION,
        262,
        tensor(28, base, IN),
        tensor(582, base, OUT),
        arrow((206, y), (333, y), kind="accent"),
        text(285, y - 12, f"{IN} numbers"),
        box(400, y, 128, 50, ("dense", f"{IN} × {OUT} weights"), "dense"),
        text(400, y + 48, "the same", "small muted"),
        text(400, y + 65, "at every pixel", "small muted"),
        arrow((465, y), (578, y), kind="accent"),
        text(520, y - 12, f"{OUT} numbers"),
    )
