"""Headers that every answer carries, and the CORS allow-list."""

from collections.abc import Mapping

from shared.core.config import Config

SECURITY = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-site",
}
_EXPOSED = "ETag, X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed, Location"
_ALLOWED = "Authorization, X-Api-Key, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent"
_PREFLIGHT_AGE_S = 600


def cors(request_headers: Mapping[str, str], config: Config) -> dict[str, str]:
    """CORS headers for an origin on the list; nothing but ``Vary`` for any other."""
    origin = request_headers.get("origin")
    if origin is None or origin not in config.cors_origins:
        return {"Vary": "Origin"} if config.cors_origins else {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED, "Vary": "Origin"}


def preflight(request_headers: Mapping[str, str], methods: list[str], config: Config) -> dict[str, str]:
    """The answer to ``OPTIONS``: what may be called, told only to an origin on the list."""
    headers = cors(request_headers, config)
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": _ALLOWED,
            "Access-Control-Max-Age": str(_PREFLIGHT_AGE_S),
        }
    return headers
