"""POST /v1/hooks/agora/{source_token} — takes Agora's notifications.

200 accepted, already known, or the console's test · 400 not Agora's envelope · 401 forged · 404 no such source ·
413 over 256 KiB · 422 ``notifyMs`` over an hour ago or over five minutes ahead · 429 over the source's limit ·
503 not stored: send it again. No pydantic here: Agora waits ten seconds, cold starts included.
"""

from functions.webhooks.receive import service
from functions.webhooks.receive.refusal import refuse
from functions.webhooks.receive.service import Sent
from shared.agora.notification import MAX_BODY_BYTES
from shared.agora.notification_signature import SIGNATURE_HEADER
from shared.core.errors import Problem
from shared.core.http.guards import limit
from shared.core.http.routes import Call, Routes
from shared.core.logs import Log
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api
from shared.webhooks.entities import OpenSource

container = Container()
routes = Routes("Hooks")
inbound = container.dispatcher(container.events_work)
sources, ref_of = container.source_directory, container.inbound_ref


@routes.add(
    "POST",
    "/v1/hooks/agora/{source_token}",
    name="receiveAgoraNotification",
    public=True,
    per_ip=False,
    max_body=MAX_BODY_BYTES,
    refuses=(401, 422),
)
def receive_agora(call: Call) -> dict[str, object]:
    """Take a notification signed by Agora."""
    request = call.request
    signature = request.headers.get(SIGNATURE_HEADER.lower())
    sent = Sent(request.body, signature, request.request_id, request.traceparent)
    opened: OpenSource | None = None
    try:
        opened = service.find(sources, call.path("source_token"), call.now)
        notification = service.verify(opened, sent, call.now)
    except Problem as refused:
        refuse(container.guards, call, opened, refused)
        raise
    # After the signature: whoever only knows the URL cannot use up the source's limit.
    limit(container.guards, f"source:{opened.source.id}", service.SOURCE_POLICY, call.now, call.route.path)
    accepted = service.accept(opened, notification, sent, dispatcher=inbound, ref_of=ref_of, now=call.now)
    container.logger.emit(
        Log.HOOK_ACCEPTED,
        request_id=request.request_id,
        org=opened.source.org.org,
        source_id=opened.source.id,
        event_id=accepted.event_id,
        dedupe="repeat" if accepted.duplicate else "first",
        kind=notification.event_type,
    )
    return {"event_id": accepted.event_id, "duplicate": accepted.duplicate}


handler = lambda_api(routes, container)
