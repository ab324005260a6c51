"""Requests that are wrong, each with the refusal it gets: the table that test_bad_input.py walks over."""

from dataclasses import dataclass, field
from typing import Any

from tests.demo.api import Api, Reply

KEY = {"name": "bad input", "scopes": ["audit:read"]}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Bad:
    """A request and the refusal it gets."""

    name: str
    status: int
    code: str
    method: str = "POST"
    path: str = "/v1/api-keys"
    body: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pointer: str | None = None

    def ask(self, api: Api) -> Reply:
        """The request."""
        if self.raw is not None:
            return api.ask(self.method, self.path, content=self.raw, headers=JSON | self.headers)
        return api.ask(self.method, self.path, json=self.body, headers=self.headers)


def endpoint(url: str) -> Bad:
    """A webhook endpoint where no customer's URL may lead."""
    return Bad(
        f"endpoint {url}", 422, "egress_refused", path="/v1/webhooks/endpoints", body={"url": url}, pointer="/url"
    )


BODIES = [
    Bad("not JSON", 400, "malformed_json", raw=b"{"),
    Bad("nothing", 400, "malformed_json", raw=b""),
    Bad("two documents", 400, "malformed_json", raw=b"{}{}"),
    Bad("not a number", 422, "invalid", raw=b'{"name": NaN, "scopes": ["audit:read"]}', pointer="/name"),
    Bad("nested without end", 400, "malformed_json", raw=b"[" * 100_000),
    Bad("half an emoji", 400, "malformed_json", raw=b'{"name": "\\ud83d", "scopes": ["audit:read"]}'),
    Bad("compressed", 400, "malformed_json", raw=b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}),
    Bad(
        "a form",
        415,
        "unsupported_media_type",
        raw=b"a=1",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    Bad("XML", 415, "unsupported_media_type", raw=b"<a/>", headers={"Content-Type": "text/xml"}),
    Bad("too large", 413, "payload_too_large", body=KEY | {"name": "x" * 300_000}),
    Bad("a list", 422, "invalid", body=[KEY], pointer=""),
    Bad("a wrong type", 422, "invalid", body=KEY | {"name": 7}, pointer="/name"),
    Bad("a number as text", 422, "invalid", path="/v1/auth/token", body={"ttl_seconds": "60"}, pointer="/ttl_seconds"),
    Bad("null for what must be", 422, "invalid", body=KEY | {"scopes": None}, pointer="/scopes"),
    Bad("an unknown field", 422, "invalid", body=KEY | {"org": "org_2"}, pointer="/org"),
    Bad("an empty name", 422, "invalid", body=KEY | {"name": ""}, pointer="/name"),
    Bad("a name too long", 422, "invalid", body=KEY | {"name": "x" * 81}, pointer="/name"),
    Bad("an unknown scope", 422, "invalid", body=KEY | {"scopes": ["root"]}, pointer="/scopes/0"),
    Bad(
        "an expiry that has passed",
        422,
        "invalid",
        body=KEY | {"expires_at": "2020-01-01T00:00:00Z"},
        pointer="/expires_at",
    ),
    Bad("no moment", 422, "invalid", body=KEY | {"expires_at": "tomorrow"}, pointer="/expires_at"),
    Bad(
        "a year without end", 422, "invalid", body=KEY | {"expires_at": "99999-01-01T00:00:00Z"}, pointer="/expires_at"
    ),
]

HEADERS = [
    Bad("an Idempotency-Key too long", 400, "bad_request", body=KEY, headers={"Idempotency-Key": "x" * 256}),
    Bad("an empty Idempotency-Key", 400, "bad_request", body=KEY, headers={"Idempotency-Key": ""}),
]

QUERIES = [
    Bad(f"?{query}", 422, "invalid", "GET", f"/v1/{lists}?{query}", pointer=f"?{query.partition('=')[0]}")
    for lists in ("api-keys", "sources", "webhooks/endpoints", "webhooks/dead-letters", "connections", "crm/contacts")
    for query in ("limit=0", "limit=101", "limit=ten", "cursor=bm90IG91cnM", "cursor=%00", "offset=1")
]

AGORA = [
    Bad(
        "an app that is none",
        422,
        "invalid",
        path="/v1/agora/apps",
        body={"app_id": "x", "certificate": "0" * 32},
        pointer="/app_id",
    ),
    Bad(
        "a channel with a newline",
        422,
        "invalid",
        path="/v1/agora/tokens",
        body={"kind": "rtc", "channel": "a\nb", "uid": 1},
        pointer="/channel",
    ),
    Bad(
        "user 0",
        422,
        "invalid",
        path="/v1/agora/tokens",
        body={"kind": "rtc", "channel": "a", "uid": 0},
        pointer="/uid",
    ),
    Bad(
        "a user beyond 32 bits",
        422,
        "invalid",
        path="/v1/agora/tokens",
        body={"kind": "rtc", "channel": "a", "uid": 2**32},
        pointer="/uid",
    ),
    Bad(
        "two users",
        422,
        "invalid",
        path="/v1/agora/tokens",
        body={"kind": "rtc", "channel": "a", "uid": 1, "account": "b"},
        pointer="",
    ),
    Bad(
        "a life without end",
        422,
        "invalid",
        path="/v1/agora/tokens",
        body={"kind": "rtc", "channel": "a", "uid": 1, "ttl_seconds": 10**9},
        pointer="/ttl_seconds",
    ),
    Bad("no app yet", 409, "conflict", path="/v1/agora/tokens", body={"kind": "rtc", "channel": "a", "uid": 1}),
    Bad("not a token", 422, "token_invalid", path="/v1/agora/tokens/inspect", body={"token": "007" + "A" * 400}),
]

OTHERS = [
    Bad(
        "a source without secrets",
        422,
        "invalid",
        path="/v1/sources",
        body={"provider": "agora", "name": "x", "secrets": []},
        pointer="/secrets",
    ),
    Bad(
        "a provider we do not know",
        422,
        "invalid",
        path="/v1/sources",
        body={"provider": "acme", "name": "x", "secrets": ["abcd"]},
        pointer="/provider",
    ),
    Bad(
        "an event nobody sends",
        422,
        "invalid",
        path="/v1/webhooks/endpoints",
        body={"url": "https://example.com/", "event_types": ["acme.*"]},
        pointer="/event_types/0",
    ),
    Bad("deliveries of no endpoint", 422, "invalid", "GET", "/v1/webhooks/deliveries", pointer="?endpoint_id"),
    Bad(
        "a token with a blank",
        422,
        "invalid",
        path="/v1/connections/hubspot",
        body={"private_token": "pat na1 0000000000000"},
        pointer="/private_token",
    ),
    Bad("a contact's id of another shape", 404, "not_found", "GET", "/v1/crm/contacts/%00"),
    Bad("an id of 3 000 characters", 404, "not_found", "GET", f"/v1/api-keys/{'k' * 3_000}"),
    Bad("an id that is a path", 404, "not_found", "DELETE", "/v1/sources/..%2F..%2Fapi-keys"),
    Bad(
        "an upstream at the metadata service",
        422,
        "egress_refused",
        "PUT",
        "/v1/llm/upstream",
        body={"base_url": "http://169.254.169.254/v1", "api_key": "k"},
        pointer="/base_url",
    ),
]

PRIVATE = [
    endpoint(url)
    for url in (
        "http://example.com/hook",
        "https://localhost/hook",
        "https://127.0.0.1/hook",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://[64:ff9b::a00:1]/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/hook",
        "https://user:secret@example.com/hook",
        "https://example.com:0/hook",
        "http://127.0.0.1:4566/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "//example.com/hook",
    )
]
