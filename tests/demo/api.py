"""The API as a customer's program calls it: HTTP, a key, JSON."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import httpx

Found = TypeVar("Found")

TIMEOUT_S = 35.0
"""An HTTP API answers within 30 s or not at all."""
LOOK_EVERY_S = 0.15


class Refused(Exception):
    """An answer that is not 2xx; its text names the call, the status, the error code and the request."""


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: httpx.Headers
    text: str
    body: Any
    """The parsed JSON, None when there is none."""

    @property
    def data(self) -> Any:
        """The envelope's data."""
        return self.body["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The envelope's first error; empty when the answer is no envelope."""
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        return errors[0] if errors else {}


class Api:
    """One base URL and one credential. Close it, or use it as a context."""

    def __init__(self, base_url: str, key: str | None = None, *, trust_env: bool = False) -> None:
        """``trust_env``: honour the environment's proxies, for a deployment that is not on this machine."""
        self.base_url = base_url.rstrip("/")
        self.key = key
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=trust_env)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
    ) -> Reply:
        """Any answer at all. ``path`` may be a whole URL, which is then called without the key."""
        whole = path.startswith("http")
        credential = {"Authorization": f"Bearer {self.key}"} if self.key and not whole else {}
        said = self._client.request(
            method,
            path if whole else self.base_url + path,
            json=json,
            content=content,
            headers={**credential, **(headers or {})},
            params=params,
        )
        try:
            body = said.json()
        except ValueError:
            body = None
        return Reply(said.status_code, said.headers, said.text, body)

    def call(self, method: str, path: str, **more: Any) -> Any:
        """The ``data`` of a success. Raises :class:`Refused`."""
        reply = self.ask(method, path, **more)
        if not httpx.codes.is_success(reply.status):
            raise Refused(described(method, path, reply))
        return reply.data


def described(method: str, path: str, reply: Reply) -> str:
    """``POST /v1/sources → 422 invalid: …``, whatever the answer's body is."""
    error = reply.error
    code, detail = error.get("code", ""), error.get("detail") or reply.text[:120]
    request_id = reply.headers.get("x-request-id", "unknown")
    place = path.split("?", maxsplit=1)[0] if path.startswith("/") else "/" + "/".join(path.split("/")[3:6]) + "/…"
    return f"{method} {place} → {reply.status} {code}: {detail} (request {request_id})"


@contextmanager
def temporarily(api: Api, path: str, wanted: dict[str, Any], *, at: str = "", id_in: str = "id") -> Iterator[Any]:
    """Something created by ``POST path`` and deleted below ``at`` (default ``path``) when the block ends.

    A block that fails is what is told, whatever becomes of the deletion.
    """
    made = api.call("POST", path, json=wanted)
    place = f"{at or path}/{made[id_in]}"
    try:
        yield made
    except BaseException:
        with suppress(httpx.HTTPError):
            api.ask("DELETE", place)
        raise
    api.call("DELETE", place)


def until(look: Callable[[], Found | None], *, seconds: float, what: str) -> Found:
    """What ``look`` finds, looked for until ``seconds`` have passed. Raises ``TimeoutError`` naming ``what``."""
    ends = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > ends:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(LOOK_EVERY_S)
    return found
