"""A notebook publishes its headline numbers; `course run` collects them."""

MIME = "application/vnd.course.metric+json"


def record(name, value):
    """Publish the number `value` under `name`.

    In a notebook the number travels with the cell's outputs, under a MIME type that no reader displays;
    outside IPython nothing happens.
    """
    value = float(value)
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        shell.display_pub.publish({MIME: {"name": name, "value": value}})


def recorded(notebook):
    """The numbers that an executed notebook has published: {name: value}, the last one wins."""
    return {
        metric["name"]: metric["value"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if (metric := output.get("data", {}).get(MIME))
    }
