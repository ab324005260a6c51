"""Our tokens against npm agora-token 2.0.6, the newest of Agora's own builders and parsers."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.agora.access_token import (
    VERSION,
    AccessToken,
    AppCredentials,
    build,
    inflate,
    parse,
)
from shared.agora.rtc_token import Role, rtc_service, rtc_token
from shared.agora.services import (
    ApaasService,
    ChatService,
    ConvoAiService,
    FpaService,
    RtcService,
    RtmService,
    Service,
    SttService,
    service_type,
)
from tests.contract.agora import oracle
from tests.unit.agora.strategies import HEX32, TOKENS

APP = AppCredentials("970CA35de60c44645bbae8a215061b33", "5CFd2fd1755d40ecb72977518be15d3b")
PUBLISHER, SUBSCRIBER = 1, 2

# One start of Node answers for a whole list, so few examples hold many tokens; none is shrunk.
batches = given(st.lists(st.tuples(TOKENS, HEX32), min_size=1, max_size=40))
unhurried = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    oracle.install()


def _wire(token: AccessToken) -> dict[str, Any]:
    """The token as JSON, with the services' numbers: keys become text, tuples become lists."""
    services = [{"type": service_type(service), **asdict(service)} for service in token.services]
    said: dict[str, Any] = json.loads(json.dumps({**asdict(token), "services": services}))
    return said


def _as_agora_reads(token: AccessToken) -> dict[str, Any]:
    """As ``_wire``; a resource type without permissions is signed, but its reader forgets it."""
    said = _wire(token)
    for service in said["services"]:
        if "permissions" in service:
            permissions = service["permissions"]
            service["permissions"] = {kind: held for kind, held in permissions.items() if held}
    return said


@unhurried
@batches
def test_agora_reads_and_verifies_our_tokens(batch: list[tuple[AccessToken, str]]) -> None:
    """Given any tokens of ours, when Agora's parser reads them, then it finds what we put in."""
    questions = [{"text": build(token, cert), "certificate": cert} for token, cert in batch]

    answers = oracle.ask("read", questions)

    assert answers == [{**_as_agora_reads(token), "verified": True} for token, _ in batch]


@unhurried
@batches
def test_we_read_and_verify_agoras_tokens(batch: list[tuple[AccessToken, str]]) -> None:
    """Given any tokens Agora builds, when we read and build them, then the bytes are the same."""
    questions = [{"token": _wire(token), "certificate": cert} for token, cert in batch]

    texts = oracle.ask("build", questions)

    for (token, certificate), text in zip(batch, texts, strict=True):
        parsed = parse(text)
        assert parsed.token == token
        assert parsed.is_signed_by(certificate)
        assert inflate(build(token, certificate)[len(VERSION) :]) == inflate(text[len(VERSION) :])


def test_agora_does_not_verify_a_foreign_certificate() -> None:
    """Given a token of ours, when Agora checks another certificate, then the oracle can say no."""
    text = rtc_token(APP, "room", 7, Role.PUBLISHER, ttl=60, now=1_111_111, salt=1)

    (answer,) = oracle.ask("read", [{"text": text, "certificate": APP.certificate.swapcase()}])

    assert answer["verified"] is False


CONVERSATION = [*["room", "ann"], PUBLISHER, *[600, 601, 602, 603, 604], *["ann", 605]]
IN_CONVERSATION: tuple[Service, ...] = (
    RtcService(channel="room", uid="ann", privileges={1: 601, 2: 602, 3: 603, 4: 604}),
    RtmService(user_id="ann", privileges={1: 605}),
)


@pytest.mark.parametrize(
    ("builder", "method", "values", "services"),
    [
        (
            "RtcTokenBuilder",
            "buildTokenWithUid",
            ["room", 2882341273, PUBLISHER, 600, 600],
            (rtc_service("room", 2882341273, Role.PUBLISHER, 600),),
        ),
        (
            "RtcTokenBuilder",
            "buildTokenWithUid",
            ["room", 0, SUBSCRIBER, 600, 600],
            (rtc_service("room", 0, Role.SUBSCRIBER, 600),),
        ),
        (
            "RtcTokenBuilder",
            "buildTokenWithUserAccount",
            ["room", "0", PUBLISHER, 600, 600],
            (rtc_service("room", "0", Role.PUBLISHER, 600),),
        ),
        ("RtmTokenBuilder", "buildToken", ["ann", 600], (RtmService(user_id="ann", privileges={1: 600}),)),
        ("ChatTokenBuilder", "buildUserToken", ["ann", 600], (ChatService(user_id="ann", privileges={1: 600}),)),
        ("ChatTokenBuilder", "buildAppToken", [600], (ChatService(user_id="", privileges={2: 600}),)),
        ("FpaTokenBuilder", "buildToken", [], (FpaService(privileges={1: 0}),)),
        (
            "ApaasTokenBuilder",
            "buildUserToken",
            ["ann", 600],
            (ApaasService(room_uuid="", user_uuid="ann", privileges={2: 600}),),
        ),
        ("ConvoAITokenBuilder", "buildToken", CONVERSATION, (*IN_CONVERSATION, ConvoAiService())),
        ("SttTokenBuilder", "buildToken", CONVERSATION, (*IN_CONVERSATION, SttService())),
    ],
)
def test_agoras_ready_made_tokens_are_what_ours_are_made_of(
    builder: str, method: str, values: list[object], services: tuple[Service, ...]
) -> None:
    """Given a ready-made builder of Agora, when we parse its token, then our services fit it."""
    args = [APP.app_id, APP.certificate, *values]

    (text,) = oracle.ask("make", [{"builder": builder, "method": method, "args": args}])

    parsed = parse(text)
    assert parsed.is_signed_by(APP.certificate)
    assert parsed.token.services == services
