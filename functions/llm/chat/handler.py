"""POST /llm/v1/chat/completions — OpenAI's chat completions, streamed as they are generated.

``app`` is an ASGI application (``run.sh`` starts it). The REST API's own host has no ``/llm`` in front.
"""

from functions.llm.chat import service
from shared.core.http.routes import Call, Raw, Routes
from shared.core.http.streamed import Streamed
from shared.core.limits import Policy
from shared.llm import chat_request, refusals
from shared.runtime.asgi import StreamingApp
from shared.runtime.container import Container
from shared.runtime.llm import ChatPorts

LIMIT = Policy("llm", quota=20_000, burst=60, per_second=20)
"""Per key, counted apart from other calls: an agent takes a turn every few seconds, and one key serves many agents."""
container = Container()
ports = ChatPorts(container)
routes = Routes("LLM gateway")


async def complete(call: Call) -> Raw | Streamed:
    """Answer a chat completion, whole or as server-sent events."""
    request = chat_request.parse(call.request.body)
    asked = service.Asked(call.caller, call.request.request_id, request, call.now)
    upstream = await service.target(ports, asked)
    if request.stream:
        return Streamed(service.stream(ports, asked, upstream), headers={"X-Accel-Buffering": "no"})
    return Raw(await service.complete(ports, asked, upstream))


for prefix, name in (("/llm/v1", "createChatCompletion"), ("/v1", "createChatCompletionDirect")):
    routes.add(
        "POST",
        f"{prefix}/chat/completions",
        name=name,
        scope="llm:chat",
        raw=True,
        policy=LIMIT,
        audit=False,  # a turn of a conversation is not a deed; its usage record is the trace
        max_body=chat_request.MAX_BODY_BYTES,
        refuses=(422, 502, 504),  # a provider's own refusals keep their status
        failures="OpenAIError",
        media=("application/json", "text/event-stream"),
    )(complete)

app = StreamingApp(routes, container.guards, lambda problem: refusals.described(problem).body())
