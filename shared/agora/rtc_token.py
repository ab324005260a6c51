"""The token most callers want: one user in one RTC channel.

Roles and their privileges: AgoraIO/Tools, python3/src/RtcTokenBuilder2.py. A subscriber is kept
from publishing only where co-host authentication is enabled for the project; elsewhere Agora lets
it publish.
"""

from enum import StrEnum

from shared.agora.access_token import AccessToken, AppCredentials, build
from shared.agora.privileges import RtcPrivilege
from shared.agora.services import RtcService, uid_text


class Role(StrEnum):
    """What a user does in a channel."""

    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"


ROLE_PRIVILEGES = {
    Role.PUBLISHER: tuple(RtcPrivilege),
    Role.SUBSCRIBER: (RtcPrivilege.JOIN_CHANNEL,),
}


def rtc_service(channel: str, uid: int | str, role: Role, ttl: int) -> RtcService:
    """The RTC part of a token; each privilege of the role ends ``ttl`` seconds after the issue."""
    privileges = {int(privilege): ttl for privilege in ROLE_PRIVILEGES[role]}
    return RtcService(channel=channel, uid=uid_text(uid), privileges=privileges)


def rtc_token(
    app: AppCredentials,
    channel: str,
    uid: int | str,
    role: Role,
    *,
    ttl: int,
    now: int,
    salt: int,
) -> str:
    """A 007 token for ``uid`` (a number, an account; 0 is anybody) in ``channel``.

    ``ttl`` in seconds, ``now`` in Unix **seconds**, ``salt`` from 1 to ``MAX_SALT``, fresh for each
    token. Raises ``UnbuildableToken``. The caller has applied ``rules.py``.
    """
    service = rtc_service(channel, uid, role, ttl)
    token = AccessToken(app_id=app.app_id, issued_at=now, ttl=ttl, salt=salt, services=(service,))
    return build(token, app.certificate)
