"""The envelope of every ``/v1`` answer: ``{success, data, message, meta, errors}``."""

import json
from dataclasses import dataclass
from typing import Any

from shared.core.errors import Problem, documents


@dataclass(frozen=True, slots=True)
class Meta:
    """``total`` and ``skip`` are null where they are not kept."""

    request_id: str
    version: str
    limit: int | None = None
    skip: int | None = None
    total: int | None = None
    next_cursor: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The wire form."""
        return {
            "request_id": self.request_id,
            "version": self.version,
            "limit": self.limit,
            "skip": self.skip,
            "total": self.total,
            "next_cursor": self.next_cursor,
        }


def dump(value: object) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def success(data: object, message: str, meta: Meta) -> bytes:
    """``data`` is JSON-ready."""
    return dump({"success": True, "data": data, "message": message, "meta": meta.as_dict(), "errors": []})


def failure(problem: Problem, meta: Meta) -> bytes:
    """The problem told as ``errors``."""
    return dump(
        {
            "success": False,
            "data": None,
            "message": type(problem).title,
            "meta": meta.as_dict(),
            "errors": [d.as_dict() for d in documents(problem)],
        }
    )
