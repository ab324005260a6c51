"""Conditional requests (RFC 9110 §13): ``ETag``, ``If-None-Match`` → 304, ``If-Match`` → 412.

A tag is strong and covers what is shown of a resource, not the envelope around it, whose request id always differs.
"""

import hashlib

from shared.core.errors import PreconditionFailed
from shared.core.http.envelope import dump


def etag(data: object) -> str:
    """The tag of a resource as shown: 128 bits of SHA-256 over its JSON."""
    return f'"{hashlib.sha256(dump(data)).hexdigest()[:32]}"'


def names(header: str | None, tag: str) -> bool:
    """Whether a list of tags names this one. ``W/`` is ignored: our caches compare weakly, as §13.1.2 asks."""
    offered = {part.strip().removeprefix("W/") for part in (header or "").split(",")}
    return "*" in offered or tag in offered


def require_match(header: str | None, data: object) -> bool:
    """Whether the caller asked for a match; then it holds. Raises 412 when the resource has changed since."""
    if header is None:
        return False
    if not names(header, etag(data)):
        raise PreconditionFailed
    return True
