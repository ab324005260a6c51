"""What Agora allows in a channel name, an account, a uid and a lifetime.

Functions return the value or raise ``ValueError`` with a sentence: pydantic's ``AfterValidator``
takes them as they are. The ``*_PATTERN`` constants are for JSON Schema and pydantic's ``pattern``.
Sources: doc comments of AgoraIO/Tools RtcTokenBuilder2 (names), docs.agora.io "deploy a token
server" (24 h), RtmTokenBuilder2 (64 bytes).

Names like ``*`` that some services read as "all channels" fall outside the character set on
purpose.
"""

import re

CHANNEL_PATTERN = r"^[a-zA-Z0-9 !#$%&()+\-:;<=.>?@\[\]^_{}|~,]{1,63}$"
"""Fewer than 64 bytes; every character allowed is one byte."""

HEX32_PATTERN = r"^[0-9a-fA-F]{32}$"
"""An app id or an app certificate."""

MAX_ACCOUNT_BYTES = 255
MAX_RTM_USER_BYTES = 64
MAX_UID = 2**32 - 1

MAX_TTL = 86_400
"""Seconds. Agora ends every token and privilege 24 h after its issue, whatever it says."""

_CHANNEL = re.compile(CHANNEL_PATTERN)
_HEX32 = re.compile(HEX32_PATTERN)


def channel_name(value: str) -> str:
    """A channel's name."""
    if not _CHANNEL.fullmatch(value):
        raise ValueError("a channel name has 1 to 63 of a-z A-Z 0-9, space and !#$%&()+-:;<=.>?@[]^_{}|~,")
    return value


def account(value: str) -> str:
    """A user's string account. The empty one is refused: in a token it would stand for anybody."""
    return _bytes_within(value, MAX_ACCOUNT_BYTES, "an account")


def rtm_user(value: str) -> str:
    """A Signaling user. "0" is refused: Signaling has no anybody, and 0 elsewhere means it."""
    if value == "0":
        raise ValueError('a Signaling user is never "0"')
    return _bytes_within(value, MAX_RTM_USER_BYTES, "a Signaling user")


def uid(value: int) -> int:
    """A numeric user; 0 is allowed here and means anybody."""
    if not 0 <= value <= MAX_UID:
        raise ValueError(f"a uid lies between 0 and {MAX_UID}")
    return value


def ttl(value: int) -> int:
    """A token's lifetime in seconds."""
    if not 1 <= value <= MAX_TTL:
        raise ValueError(f"a lifetime lies between 1 and {MAX_TTL} seconds")
    return value


def app_key(value: str) -> str:
    """An app id or an app certificate; the letter case is kept, it is part of the key."""
    if not _HEX32.fullmatch(value):
        raise ValueError("an app id or certificate has 32 hexadecimal digits")
    return value


def _bytes_within(value: str, limit: int, what: str) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{what} is valid Unicode text") from None
    if not 1 <= size <= limit:
        raise ValueError(f"{what} has 1 to {limit} bytes of UTF-8")
    return value
