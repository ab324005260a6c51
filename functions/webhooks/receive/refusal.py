"""What is done about a notification that is not taken: logged, and counted against its sender's address."""

from shared.core.errors import Problem
from shared.core.http.guards import Guards, limit_address
from shared.core.http.routes import Call
from shared.core.logs import Log
from shared.webhooks.entities import OpenSource


def refuse(guards: Guards, call: Call, opened: OpenSource | None, refused: Problem) -> None:
    """So guessing tokens or signatures is bounded. Raises 429. Trouble of our own is not the caller's to pay for."""
    source_id, code = opened.source.id if opened else None, type(refused).code
    guards.logger.emit(Log.HOOK_REFUSED, request_id=call.request.request_id, source_id=source_id, code=code)
    if not type(refused).retryable:
        limit_address(guards, call.request, call.now, call.route.path)
