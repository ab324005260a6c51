"""What an access token can open: a value class per Agora service and one table of their packing.

A service on the wire is a u16 type, its privileges (a map of u16 id to u32 seconds after the
token's issue; 0 means "as long as the token") and a tail of its own. Types 1 to 8: AgoraIO/Tools,
DynamicKey/AgoraDynamicKey/python3/src/AccessToken2.py. Types 9 and 10 are only in the npm package
agora-token 2.0.6.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any

from shared.agora.packing import Reader, pack_i16, pack_numbers, pack_text, pack_u16
from shared.agora.privileges import (
    ApaasPrivilege,
    ChatPrivilege,
    FcdnPrivilege,
    LoginPrivilege,
    NoPrivilege,
    RtcPrivilege,
    StreamingPrivilege,
)

Privileges = Mapping[int, int]
"""Privilege id (see ``privileges.py``) to seconds after the token's issue; 0: as long as the
token."""

Permissions = Mapping[int, Mapping[int, tuple[str, ...]]]
"""RTM2: resource type to permission type to resource names."""

NO_ROLE = -1
"""The APaaS role of a token that is not for a room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RtcService:
    """One channel as one user. ``uid`` is the decimal number, the account, or "" for anybody."""

    channel: str
    uid: str
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtmService:
    """Signaling as one user."""

    user_id: str
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingService:
    """Streaming into a channel as one account; "" for anybody."""

    channel: str
    account: str
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FpaService:
    """The full-path accelerator."""

    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatService:
    """Chat as one user; "" with the app privilege."""

    user_id: str
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FcdnService:
    """The fusion CDN of a channel as one account; "" for anybody."""

    channel: str
    account: str
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApaasService:
    """A classroom as one user in one role; 0 is a role, ``NO_ROLE`` is none."""

    room_uuid: str
    user_uuid: str
    role: int = NO_ROLE
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rtm2Service:
    """Signaling 2 as one user, limited to the resources of ``permissions``."""

    user_id: str
    permissions: Permissions = field(default_factory=dict)
    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvoAiService:
    """The Conversational AI engine; goes with an RTC and an RTM service."""

    privileges: Privileges = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SttService:
    """Real-time speech to text; goes with an RTC and an RTM service."""

    privileges: Privileges = field(default_factory=dict)


Service = (
    RtcService
    | RtmService
    | StreamingService
    | FpaService
    | ChatService
    | FcdnService
    | ApaasService
    | Rtm2Service
    | ConvoAiService
    | SttService
)


def uid_text(uid: int | str) -> str:
    """The user as tokens name it: the number 0 is anybody (""), the account "0" stays "0"."""
    return "" if uid == 0 else str(uid)


def _pack_permissions(permissions: Permissions) -> bytes:
    packed = [pack_u16(len(permissions))]
    for resource_type, kinds in sorted(permissions.items()):
        packed += [pack_u16(resource_type), pack_u16(len(kinds))]
        for permission_type, resources in sorted(kinds.items()):
            packed += [
                pack_u16(permission_type),
                pack_u16(len(resources)),
                *map(pack_text, resources),
            ]
    return b"".join(packed)


def _read_permissions(reader: Reader) -> dict[int, dict[int, tuple[str, ...]]]:
    return {
        reader.u16(): {reader.u16(): tuple(reader.text() for _ in range(reader.u16())) for _ in range(reader.u16())}
        for _ in range(reader.u16())
    }


@dataclass(frozen=True, slots=True)
class _Form:
    """How one kind of tail value is written and read."""

    pack: Callable[[Any], bytes]
    read: Callable[[Reader], Any]


_TEXT = _Form(pack_text, Reader.text)
_I16 = _Form(pack_i16, Reader.i16)
_PERMISSIONS = _Form(_pack_permissions, _read_permissions)


@dataclass(frozen=True, slots=True)
class Layout:
    """One service type: its number and name, its privileges and its tail, in wire order."""

    number: int
    name: str
    make: type[Service]
    privileges: type[IntEnum]
    tail: Mapping[str, _Form]


LAYOUTS = (
    Layout(1, "rtc", RtcService, RtcPrivilege, {"channel": _TEXT, "uid": _TEXT}),
    Layout(2, "rtm", RtmService, LoginPrivilege, {"user_id": _TEXT}),
    Layout(3, "streaming", StreamingService, StreamingPrivilege, {"channel": _TEXT, "account": _TEXT}),
    Layout(4, "fpa", FpaService, LoginPrivilege, {}),
    Layout(5, "chat", ChatService, ChatPrivilege, {"user_id": _TEXT}),
    Layout(6, "fcdn", FcdnService, FcdnPrivilege, {"channel": _TEXT, "account": _TEXT}),
    Layout(
        7,
        "apaas",
        ApaasService,
        ApaasPrivilege,
        {"room_uuid": _TEXT, "user_uuid": _TEXT, "role": _I16},
    ),
    Layout(8, "rtm2", Rtm2Service, LoginPrivilege, {"user_id": _TEXT, "permissions": _PERMISSIONS}),
    Layout(9, "convoai", ConvoAiService, NoPrivilege, {}),
    Layout(10, "stt", SttService, NoPrivilege, {}),
)
_BY_NUMBER = {layout.number: layout for layout in LAYOUTS}
_BY_CLASS = {layout.make: layout for layout in LAYOUTS}


def service_type(service: Service) -> int:
    """The number of the service on the wire: 1 to 10."""
    return _BY_CLASS[type(service)].number


def is_known(number: int) -> bool:
    """Whether a service of this number can be read."""
    return number in _BY_NUMBER


def pack_service(service: Service) -> bytes:
    """The service as it is signed: type, privileges, tail."""
    layout = _BY_CLASS[type(service)]
    tail = (form.pack(getattr(service, name)) for name, form in layout.tail.items())
    return pack_u16(layout.number) + pack_numbers(service.privileges) + b"".join(tail)


def read_service(number: int, reader: Reader) -> Service:
    """The service whose type ``number`` has just been read. Raises ``InvalidToken``."""
    layout = _BY_NUMBER[number]
    privileges = reader.numbers()
    tail = {name: form.read(reader) for name, form in layout.tail.items()}
    return layout.make(privileges=privileges, **tail)


def describe(service: Service) -> dict[str, Any]:
    """The service for a person: type, name, tail, privileges by name (an unknown one by number)."""
    layout = _BY_CLASS[type(service)]
    names = {int(member): member.name.lower() for member in layout.privileges}
    tail = {f.name: getattr(service, f.name) for f in fields(service) if f.name != "privileges"}
    privileges = {names.get(key, str(key)): value for key, value in sorted(service.privileges.items())}
    return {"type": layout.number, "service": layout.name, **tail, "privileges": privileges}
