"""A line before something takes long."""

import sys


def tell(words):
    """Say what is being done: in a notebook below the cell, elsewhere on the standard error.

    Not on the standard output, on which each load says in one line where its pictures came from.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        shell.display_pub.publish({"text/plain": words})
    else:
        print(words, file=sys.stderr, flush=True)
