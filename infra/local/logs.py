"""`make logs`: everything the stack writes, as it comes. Ends with Ctrl-C."""

import subprocess
from contextlib import suppress

from infra.local.paths import LOGS, RUN


def follow() -> None:
    """Follow the log of each running program; functions log through MiniStack's."""
    paths = [str(LOGS / f"{record.stem}.log") for record in sorted(RUN.glob("*.pid"))]
    if not paths:
        print("nothing runs: make up")
        return
    with suppress(KeyboardInterrupt):
        subprocess.run(["tail", "-n", "20", "-F", *paths], check=False)
