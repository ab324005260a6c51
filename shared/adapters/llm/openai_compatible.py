"""Any server that speaks OpenAI's ``/chat/completions``: OpenAI, vLLM, Groq, Together, OpenRouter, Ollama.

Only headers of our own go out and none of the provider's come back, so there are no hop-by-hop headers to
drop. Small writes leave at once: the engine sets TCP_NODELAY on every connection (without it peers add 44 ms
to the first token where Nagle meets a delayed ACK).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from shared.adapters.http.stream import StreamClient
from shared.core.egress import EgressRefused
from shared.core.outbound.circuit_async import AsyncCircuits
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Policy
from shared.llm import refusals
from shared.llm.upstream import Completion, Incoming, Upstream

MIB: Final = 1024 * 1024

TOTAL_S: Final = 270.0
"""Below the function's timeout (infra/functions.py), so that a long stream ends in an error chunk and a record."""

STREAM: Final = Policy(
    connect_s=3.0,
    first_byte_s=60.0,  # models that think before they speak; an agent's caller has hung up long before
    read_s=60.0,
    total_s=TOTAL_S,
    attempts=2,  # a second connection where none was made: nothing was sent
    retry_statuses=frozenset(),  # a refusal is the caller's to repeat, with the provider's own Retry-After
    read_limit=32 * MIB,
)
WHOLE: Final = Policy(
    connect_s=3.0,
    first_byte_s=TOTAL_S,  # the first byte comes with the last
    read_s=60.0,
    total_s=TOTAL_S,
    attempts=2,
    retry_statuses=frozenset(),
    read_limit=5 * MIB,  # a Lambda answer holds 6 MB
)

_REFUSAL_BYTES: Final = 64 * 1024
"""Read of a refusal; some are whole HTML pages."""

_REST_S: Final = 0.25
"""Waited after ``[DONE]`` for the end of the response: an ended one leaves the connection usable for the next turn."""

_OK: Final = 200
_ID_LENGTH: Final = 128


class OpenAICompatible:
    """The :class:`shared.llm.upstream.ChatUpstream`. One per event loop: it keeps connections.

    Each upstream of each organization has a circuit: five times in a row no answer, or one of 500 and above, and it is
    left alone for half a minute. Raises :class:`shared.core.outbound.errors.CircuitOpen` meanwhile.
    """

    def __init__(
        self, client: StreamClient, circuits: AsyncCircuits, stream: Policy = STREAM, whole: Policy = WHOLE
    ) -> None:
        """``client`` holds the egress guard."""
        self._client = client
        self._circuits = circuits
        self._stream = stream
        self._whole = whole

    async def complete(self, upstream: Upstream, body: bytes, request_id: str) -> Completion:
        """The whole answer. Raises the problems of ``shared.llm.refusals`` and ``shared.core.outbound.errors``."""
        request = _request(upstream, body, request_id, accept="application/json")
        try:
            async with self._circuits.call(_circuit(upstream)) as call:
                response = await self._client.send(request, self._whole)
                await call.answered(response.status)
        except EgressRefused as refused:
            raise _unreachable(refused) from refused
        if response.status != _OK:
            raise refusals.of_answer(response.status, response.headers, response.body)
        return Completion(response.body, _id(response.headers))

    @asynccontextmanager
    async def stream(self, upstream: Upstream, body: bytes, request_id: str) -> AsyncIterator[Incoming]:
        """Entered when a 200 that streams has arrived. Raises as :meth:`complete`, also between two pieces."""
        request = _request(upstream, body, request_id, accept="text/event-stream")
        try:
            async with (
                self._circuits.call(_circuit(upstream)) as call,
                self._client.open(request, self._stream) as streamed,
            ):
                await call.answered(streamed.status)
                pieces = streamed.chunks()
                kind = streamed.headers.get("content-type", "")
                if streamed.status != _OK or kind.startswith("application/json"):
                    raise refusals.of_answer(streamed.status, streamed.headers, await _some(pieces))
                yield Incoming(pieces, _id(streamed.headers))
                await _read_rest(pieces)
        except EgressRefused as refused:
            raise _unreachable(refused) from refused


def _request(upstream: Upstream, body: bytes, request_id: str, *, accept: str) -> Request:
    return Request(
        "POST",
        f"{upstream.base_url}/chat/completions",
        {
            "Authorization": f"Bearer {upstream.api_key}",
            "Content-Type": "application/json",
            "Accept": accept,
            "User-Agent": "switchboard",
            "X-Request-Id": request_id,
        },
        body,
    )


def _circuit(upstream: Upstream) -> str:
    return f"llm:{upstream.name}"


def _id(headers: Mapping[str, str]) -> str | None:
    """OpenAI's header, which the compatible servers have copied; an attacker's may be long."""
    return headers.get("x-request-id", "")[:_ID_LENGTH] or None


def _unreachable(refused: EgressRefused) -> refusals.UpstreamBroken:
    """The URL was good when it was set; that it leads elsewhere now is not the caller's mistake."""
    return refusals.UpstreamBroken(f"The configured model provider may not be called: {refused.detail}")


async def _some(pieces: AsyncIterator[bytes]) -> bytes:
    found = b""
    async for piece in pieces:
        found += piece
        if len(found) >= _REFUSAL_BYTES:
            break
    return found


async def _read_rest(pieces: AsyncIterator[bytes]) -> None:
    """Give a finished response the moment it needs to end; one that goes on is cut by who closes it."""
    try:
        async with asyncio.timeout(_REST_S):
            async for _ in pieces:
                pass
    except Exception:  # noqa: BLE001, S110 - the caller has everything; a broken connection is not kept anyway
        pass
