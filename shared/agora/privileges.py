"""What each Agora service lets a token's holder do: the ids inside its privilege map.

Source: AgoraIO/Tools, DynamicKey/AgoraDynamicKey/parse.py. An id outside these is kept by number.
"""

from enum import IntEnum


class RtcPrivilege(IntEnum):
    """What an RTC user may do. Publishing is enforced only where co-host authentication is on."""

    JOIN_CHANNEL = 1
    PUBLISH_AUDIO = 2
    PUBLISH_VIDEO = 3
    PUBLISH_DATA = 4


class LoginPrivilege(IntEnum):
    """The one privilege of RTM, FPA and RTM2."""

    LOGIN = 1


class StreamingPrivilege(IntEnum):
    """What a Streaming account may publish."""

    PUBLISH_MIX_STREAM = 1
    PUBLISH_RAW_STREAM = 2


class ChatPrivilege(IntEnum):
    """Whether a Chat token acts as one user or as the app."""

    USER = 1
    APP = 2


class FcdnPrivilege(IntEnum):
    """What an FCDN account may do."""

    PUBLISH = 1
    PLAY = 2


class ApaasPrivilege(IntEnum):
    """Whom an APaaS (Flexible Classroom, Education) token stands for."""

    ROOM_USER = 1
    USER = 2
    APP = 3


class NoPrivilege(IntEnum):
    """ConvoAI and STT define none."""
