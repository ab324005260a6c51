"""From a request's credentials to a principal: API key or access token, remembered for up to 60 seconds."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.core.clock import MINUTE
from shared.core.errors import CredentialExpired, Unauthorized
from shared.core.http.request import Request
from shared.core.scope import Principal
from shared.identity import keys, tokens
from shared.identity.keys import ApiKey, KeyDirectory
from shared.identity.tokens import SigningKeys

REMEMBERED = MINUTE
"""A revoked key may still open for this long in a process that has seen it, milliseconds."""
_MAX_REMEMBERED = 4096


def credential(request: Request) -> str:
    """The key or token offered. Raises 401 when there is none, or two that differ."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    offered = {c.strip() for c in (bearer if scheme.lower() == "bearer" else "", request.headers.get("x-api-key", ""))}
    offered.discard("")
    if len(offered) != 1:
        raise Unauthorized
    return offered.pop()


@dataclass
class Authenticator:
    """The pipeline's ``authenticate``. Only verified keys are remembered, never misses."""

    directory: KeyDirectory
    signing_keys: Callable[[], SigningKeys]
    issuer: str
    _known: dict[str, tuple[ApiKey, int]] = field(default_factory=dict)
    _public: tuple[list[dict[str, str]], int] = field(default=([], 0))

    def __call__(self, request: Request, now: int) -> Principal:
        """Raises :class:`Unauthorized`."""
        text = credential(request)
        if text.startswith("sb_"):
            return self._api_key(text, now)
        if text.count(".") == 2:  # noqa: PLR2004 - a compact JWS has three parts
            return tokens.verify(text, self._public_keys(now), issuer=self.issuer, now=now)
        raise Unauthorized

    def _api_key(self, text: str, now: int) -> Principal:
        if not keys.well_formed(text):
            raise Unauthorized
        digest = keys.digest(text)
        known = self._known.get(digest)
        if known is None or known[1] <= now:
            key = self.directory.by_digest(digest)
            if key is None:
                self._known.pop(digest, None)
                raise Unauthorized
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            known = self._known[digest] = (key, now + REMEMBERED)
        key = known[0]
        if key.expires_at is not None and key.expires_at <= now:
            raise CredentialExpired
        return Principal(key.id, key.org, frozenset(key.scopes), via="api_key", expires_at=key.expires_at)

    def _public_keys(self, now: int) -> list[dict[str, str]]:
        public, until = self._public
        if until <= now:
            public = self.signing_keys().public()
            # That there are none is not remembered: a forged token must not keep the first real one out.
            self._public = (public, now + REMEMBERED if public else 0)
        return public
