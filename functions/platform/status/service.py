"""Whether this region is able to do its work."""

from typing import Protocol

from functions.platform.status.models import Health
from shared.core.errors import Unavailable
from shared.core.logs import Log, Logger


class Probe(Protocol):
    """Asks one dependency."""

    def table(self, name: str) -> str | None:
        """None when the table answers, else why not."""


def check(probe: Probe, tables: dict[str, str], *, region: str, logger: Logger) -> Health:
    """Raises 503 naming every table that is missing or down."""
    broken = {name: reason for name, physical in sorted(tables.items()) if (reason := probe.table(physical))}
    if not broken:
        return Health(status="ok", region=region, tables=sorted(tables))
    for name, reason in broken.items():
        logger.emit(Log.HEALTH_FAILED, table=name, reason=reason)
    message = "; ".join(f"the table {name} is {reason}" for name, reason in broken.items())
    raise Unavailable(message)
