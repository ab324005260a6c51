"""Minting and reading Agora tokens."""

from functions.agora.tokens.models import (
    InspectedToken,
    InspectRequest,
    MintedToken,
    MintRequest,
    Signature,
)
from shared.agora import access_token
from shared.agora.access_token import AppCredentials
from shared.agora.apps import AgoraApp, AgoraApps
from shared.agora.errors import InvalidToken
from shared.agora.legacy_token import LEGACY_VERSION, parse_legacy
from shared.agora.rtc_token import Role, rtc_token
from shared.agora.services import describe
from shared.core.clock import SECOND, rfc3339
from shared.core.errors import Conflict, NotFound

RENEW_BEFORE_S = 30
"""Agora's SDKs fire onTokenPrivilegeWillExpire this long before the end (Agora docs, authentication workflow)."""
_LENIENT_SUBSCRIBER = (
    "a subscriber is kept from publishing only where co-host authentication is enabled for the Agora project"
)


def mint(apps: AgoraApps, wanted: MintRequest, *, now: int, salt: int) -> MintedToken:
    """A 007 token. Raises 404 for an app that is not registered, 409 when none is."""
    app = apps.get(wanted.app_id) if wanted.app_id else apps.default()
    if app is None and wanted.app_id:
        message = "no such Agora app is registered"
        raise NotFound(message)
    if app is None:
        message = "no Agora app is registered yet: POST /v1/agora/apps"
        raise Conflict(message)
    issued = now // SECOND
    token = rtc_token(
        AppCredentials(app.app_id, app.certificate),
        wanted.channel,
        wanted.uid if wanted.uid is not None else str(wanted.account),
        Role(wanted.role),
        ttl=wanted.ttl_seconds,
        now=issued,
        salt=salt,
    )
    expires = issued + wanted.ttl_seconds
    return MintedToken(
        token=token,
        kind=wanted.kind,
        app_id=app.app_id,
        channel=wanted.channel,
        role=wanted.role,
        expires_at=rfc3339(expires * SECOND),
        renew_at=rfc3339(max(issued, expires - RENEW_BEFORE_S) * SECOND),
        warnings=[_LENIENT_SUBSCRIBER] if wanted.role == "subscriber" else [],
    )


def inspect(apps: AgoraApps, wanted: InspectRequest, *, now: int) -> InspectedToken:
    """What a token says. Raises 422 for a text that is no Agora token."""
    if wanted.token.startswith(LEGACY_VERSION):
        return _legacy(wanted.token, now)
    parsed = access_token.parse(wanted.token)
    token = parsed.token
    app = apps.get(token.app_id)
    return InspectedToken(
        version=access_token.VERSION,
        app_id=token.app_id,
        issued_at=_moment(token.issued_at),
        expires_at=_moment(token.expires_at),
        expired=token.expires_at * SECOND <= now,
        signature=_signature(parsed, app),
        services=[describe(s) for s in token.services],
    )


def _signature(parsed: access_token.ParsedToken, app: AgoraApp | None) -> Signature:
    if app is None:
        return "unknown_app"
    return "valid" if parsed.is_signed_by(app.certificate) else "invalid"


def _legacy(text: str, now: int) -> InspectedToken:
    token = parse_legacy(text)
    return InspectedToken(
        version=LEGACY_VERSION,
        app_id=token.app_id,
        issued_at=None,
        expires_at=_moment(token.expires_at),
        expired=token.expires_at * SECOND <= now,
        signature="not_checked",
        services=[{"privileges": {str(k): v for k, v in sorted(token.privileges.items())}}],
    )


def _moment(seconds: int) -> str:
    try:
        return rfc3339(seconds * SECOND)
    except (ValueError, OverflowError) as error:
        message = "the token's times are out of range"
        raise InvalidToken(message) from error
