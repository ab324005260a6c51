"""What a queue carries: references, not bodies."""

import json
from dataclasses import dataclass

from shared.core.clock import rfc3339
from shared.core.work.item import WorkRef
from shared.core.work.kinds import KINDS

VERSION = 1


class UnreadableEnvelope(Exception):
    """The queue held something this system did not write."""


@dataclass(frozen=True, slots=True)
class WorkEnvelope:
    """``{v, type, id, org, actor, request_id, traceparent, occurred_at, origin_region, attempt, ref}``."""

    ref: WorkRef
    id: str
    org: str
    actor: str
    request_id: str
    occurred_at: int
    origin_region: str
    attempt: int = 0
    traceparent: str | None = None

    def dumps(self) -> str:
        """The queue message's body."""
        return json.dumps(
            {
                "v": VERSION,
                "type": self.ref.kind.name,
                "id": self.id,
                "org": self.org,
                "actor": self.actor,
                "request_id": self.request_id,
                "traceparent": self.traceparent,
                "occurred_at": rfc3339(self.occurred_at),
                "origin_region": self.origin_region,
                "attempt": self.attempt,
                "ref": {"pk": self.ref.pk, "sk": self.ref.sk},
            },
            separators=(",", ":"),
        )


def read_ref(body: str) -> WorkRef:
    """The reference in a message: a worker reads the item itself. Raises :class:`UnreadableEnvelope`."""
    try:
        document = json.loads(body)
        ref = document["ref"]
        if document["v"] != VERSION:
            raise UnreadableEnvelope
        return WorkRef(KINDS[document["type"]], str(ref["pk"]), str(ref["sk"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableEnvelope from error
