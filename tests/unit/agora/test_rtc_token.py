import pytest

from shared.agora.access_token import AccessToken, AppCredentials, parse
from shared.agora.rtc_token import Role, rtc_token
from shared.agora.services import (
    ApaasService,
    ConvoAiService,
    RtcService,
    Rtm2Service,
    Service,
    describe,
)

APP = AppCredentials("970CA35de60c44645bbae8a215061b33", "5CFd2fd1755d40ecb72977518be15d3b")


@pytest.mark.parametrize(
    ("role", "privileges"),
    [(Role.PUBLISHER, {1: 60, 2: 60, 3: 60, 4: 60}), (Role.SUBSCRIBER, {1: 60})],
)
def test_a_role_gives_its_privileges_for_the_whole_lifetime(role: Role, privileges: dict[int, int]) -> None:
    """Given a role, when a token is made, then it holds that role's privileges and nothing else."""
    text = rtc_token(APP, "room", 7, role, ttl=60, now=1_111_111, salt=42)

    parsed = parse(text)
    assert parsed.is_signed_by(APP.certificate)
    assert parsed.token == AccessToken(
        app_id=APP.app_id,
        issued_at=1_111_111,
        ttl=60,
        salt=42,
        services=(RtcService(channel="room", uid="7", privileges=privileges),),
    )
    assert parsed.token.expires_at == 1_111_171


@pytest.mark.parametrize(
    ("uid", "packed"),
    [
        (0, ""),
        (1, "1"),
        (4_294_967_295, "4294967295"),
        ("0", "0"),
        ("ann", "ann"),
        ("żółw", "żółw"),
    ],
)
def test_a_user_is_named_as_agoras_builders_name_it(uid: int | str, packed: str) -> None:
    """Given a number or an account, when a token is made, then only the number 0 is anybody."""
    text = rtc_token(APP, "room", uid, Role.SUBSCRIBER, ttl=60, now=1, salt=1)

    (service,) = parse(text).token.services
    assert isinstance(service, RtcService)
    assert service.uid == packed


def test_a_certificate_is_not_shown() -> None:
    """Given credentials, when they are printed, then the certificate is not."""
    assert APP.certificate not in repr(APP)


@pytest.mark.parametrize(
    ("service", "description"),
    [
        (
            RtcService(channel="room", uid="7", privileges={9: 5, 1: 60, 3: 0}),
            {
                "type": 1,
                "service": "rtc",
                "channel": "room",
                "uid": "7",
                "privileges": {"join_channel": 60, "publish_video": 0, "9": 5},
            },
        ),
        (
            ApaasService(room_uuid="r", user_uuid="u", privileges={1: 1, 3: 2}),
            {
                "type": 7,
                "service": "apaas",
                "room_uuid": "r",
                "user_uuid": "u",
                "role": -1,
                "privileges": {"room_user": 1, "app": 2},
            },
        ),
        (
            Rtm2Service(user_id="u", permissions={0: {1: ("a",)}}, privileges={1: 1}),
            {
                "type": 8,
                "service": "rtm2",
                "user_id": "u",
                "permissions": {0: {1: ("a",)}},
                "privileges": {"login": 1},
            },
        ),
        (ConvoAiService(), {"type": 9, "service": "convoai", "privileges": {}}),
    ],
)
def test_a_service_is_described_by_names(service: Service, description: dict[str, object]) -> None:
    """Given a service, when it is described, then a reader needs no table of numbers."""
    assert describe(service) == description
