"""A request to another party and its response, as values; and the port that exchanges them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from shared.core.outbound.policy import Policy

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""RFC 9110 §9.2.2, without TRACE."""


class Headers(Mapping[str, str]):
    """Response headers: names compare without case, repeated ones are joined by ``", "``."""

    def __init__(self, raw: Iterable[tuple[str, str]] = ()) -> None:
        """``raw``: name and value in the order received."""
        joined: dict[str, str] = {}
        for name, value in raw:
            key = name.lower()
            joined[key] = f"{joined[key]}, {value}" if key in joined else value
        self._values = joined

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        """Names only: a value may be a cookie."""
        return f"Headers({', '.join(self._values)})"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``Host``, ``Content-Length`` and the connection's headers are not to be given."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    idempotent: bool | None = None
    """Whether sending it twice has the effect of once; by default, what its method promises."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again when nobody knows if it arrived."""
        return self.method in _IDEMPOTENT if self.idempotent is None else self.idempotent


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Redirects are answers like any other: nothing follows them."""

    status: int
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    truncated: bool = False
    """The policy asked for a prefix and there was more."""
    attempts: int = 1
    elapsed_ms: int = 0
    """From the first attempt to the last byte read."""

    @property
    def ok(self) -> bool:
        """A status of 200 to 299."""
        return 200 <= self.status <= 299  # noqa: PLR2004 - RFC 9110 §15.3

    def json(self) -> Any:  # noqa: ANN401 - JSON is anything until a model has read it
        """The body as JSON. Raises ``ValueError``."""
        return json.loads(self.body)


class Sender(Protocol):
    """Exchanges a request for a response."""

    def send(self, request: Request, policy: "Policy") -> Response:
        """The response, whatever its status. Raises the errors of ``errors.py`` beside this."""
