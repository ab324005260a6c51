"""``make bench AREA=foundation``: what the platform costs, in one run.

    make bench AREA=foundation               about four minutes, over the local stack (`make up`)
    make bench AREA=foundation SCALE=full    and `make up`, `redeploy`, `synth` in a fresh clone

Each run is kept below `.local/bench`; `python -m tests.bench.foundation.readme` makes medians of all of them.
"""

import os
import sys
import time
from collections.abc import Iterator

from tests.artefact.built import built
from tests.bench.foundation import chat, commands, local, peer, routes
from tests.bench.foundation.table import Table, record


def tables() -> Iterator[Table]:
    """Every subject, in the order of what disturbs the next one least."""
    peer.install()
    with built() as artefacts:
        yield local.imports(artefacts)
        yield local.handlers(artefacts)
    yield local.calls()
    yield local.sizes()
    stack = routes.running_stack()
    yield chat.measure(stack)
    yield routes.measure(stack)
    if os.environ.get("SCALE") == "full":
        yield commands.measure()


def main() -> int:
    """Print each table as it is known."""
    began = time.monotonic()
    made = []
    for table in tables():
        print("\n".join(table.lines()), flush=True)
        made.append(table)
    record(made)
    print(f"measured in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
