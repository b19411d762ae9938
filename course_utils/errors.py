"""What goes wrong for a user is told in one sentence: what happened, and what to do."""


class CourseError(Exception):
    """An error that a user can meet; its message is one plain sentence.

    JupyterLab and IPython show the sentence without a traceback, the `course` command prints it and exits with 1.
    """

    def _render_traceback_(self):
        return [f"{type(self).__name__}: {self}"]
