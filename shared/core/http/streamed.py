"""An answer whose body is still being made."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Streamed:
    """Status and headers leave together with the body's first piece, not before.

    So a :class:`shared.core.errors.Problem` that the body raises first is still an ordinary error answer
    with its own status. What the body does after its last piece happens before the caller sees the end:
    on Lambda that is the last moment of work, since the environment is frozen when the answer ends.
    """

    body: AsyncGenerator[bytes, None]
    content_type: str = "text/event-stream; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
