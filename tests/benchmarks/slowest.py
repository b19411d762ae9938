"""Where the time of a test run went, from the reports that `make test` leaves in out/; `make bench-tests` does both.

    python tests/benchmarks/slowest.py out/tests.xml out/notebooks.xml

Seconds are those of the process that runs a test, on the wall: two such processes run at a time.
"""

import sys
import xml.etree.ElementTree as xml
from collections import Counter

from rich.console import Console
from rich.table import Table


def seconds(path):
    """Two Counters of seconds, by test and by file, and the seconds of the whole run."""
    suite = xml.parse(path).getroot().find("testsuite")
    tests, files = Counter(), Counter()
    for case in suite.iter("testcase"):
        file, taken = case.get("classname"), float(case.get("time"))
        tests[f"{file}::{case.get('name')}"] += taken
        files[file] += taken
    return tests, files, float(suite.get("time"))


def main(paths, most=20):
    console = Console()
    for path in paths:
        tests, files, whole = seconds(path)
        console.print(f"{path}: {len(tests)} tests in {whole / 60:.1f} minutes", highlight=False)
        for title, found in ("tests", tests), ("files", files):
            table = Table("seconds", f"the slowest {title}", box=None, header_style="bold")
            for name, taken in found.most_common(most):
                table.add_row(f"{taken:.1f}", name)
            console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
