"""Each minute: hands every overdue work item to its queue again."""

from typing import Any

from shared.runtime.container import Container

container = Container()


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Swept items per kind."""
    del event, context
    return container.sweep.run(container.clock())
