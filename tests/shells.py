"""An IPython shell as a notebook's kernel has it, without the thread and the file that keep a history."""

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def new_shell():
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.xmode = "Plain"
    return InteractiveShell(config=config)
