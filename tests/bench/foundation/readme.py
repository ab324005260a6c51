"""``python -m tests.bench.foundation.readme``: the medians of all recorded runs into ``tests/bench/README.md``."""

import datetime as dt
import os
import platform
import sys
from pathlib import Path

from tests.bench.foundation.table import RECORDS, medians

README = Path(__file__).parents[1] / "README.md"
_BEGIN, _END = "<!-- foundation -->", "<!-- /foundation -->"


def section() -> str:
    """Command, date, machine and every table."""
    runs, today = len(list(RECORDS.glob("*.json"))), dt.datetime.now(dt.UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = ["## foundation", f"`make bench AREA=foundation SCALE=full`, {today}, {runs} runs on {machine}.", ""]
    return "\n".join([*head, *(line for table in medians() for line in table.lines())]).strip()


def main() -> int:
    """Replace the section; 1 when nothing has been recorded."""
    if not RECORDS.exists():
        print("nothing is recorded: make bench AREA=foundation", file=sys.stderr)
        return 1
    before, _, rest = README.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    README.write_text(f"{before}{_BEGIN}\n{section()}\n{_END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
