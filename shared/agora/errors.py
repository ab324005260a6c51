"""What can be wrong with an Agora token or notification, as one tree.

    Problem
    ├── InvalidToken 422            the text is no access token that can be read
    ├── UnbuildableToken 422        no token can be made of these values
    ├── BadSignature 401            no secret of the source signed these bytes
    ├── MalformedNotification 400   signed, but not Agora's envelope
    ├── NotificationTooOld 422      sent longer ago than the source tolerates
    └── NotificationTooNew 422      sent further ahead of our clock than the source tolerates

Details never hold a secret, a certificate, a token or a body.
"""

from shared.core.errors import Problem


class InvalidToken(Problem):
    """The text is no access token that can be read. All a token parser ever raises."""

    status = 422
    code = "token_invalid"
    title = "The text is not a readable Agora access token"


class UnbuildableToken(Problem):
    """No token can be made of these values. All a token builder ever raises."""

    status = 422
    code = "token_unbuildable"
    title = "No Agora access token can be made of these values"


class BadSignature(Problem):
    """No secret of the source signed these bytes.

    Not an ``Unauthorized``, whose challenge asks for a bearer credential: none would help.
    """

    status = 401
    code = "signature_invalid"
    title = "The notification's signature is missing or matches no secret of this source"


class MalformedNotification(Problem):
    """The bytes are signed, but are not Agora's envelope."""

    status = 400
    code = "notification_malformed"
    title = "The body is not an Agora notification"


class NotificationTooOld(Problem):
    """The notification was sent longer ago than tolerated: a replay, or a sender stood still."""

    status = 422
    code = "notification_too_old"
    title = "The notification was sent too long ago"


class NotificationTooNew(Problem):
    """The notification claims to be from the future: one of the two clocks is wrong."""

    status = 422
    code = "notification_too_new"
    title = "The notification's sending time lies in the future"
