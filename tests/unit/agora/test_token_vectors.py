import json
from pathlib import Path
from typing import Any

import pytest

from shared.agora.access_token import VERSION, AccessToken, build, inflate, parse
from shared.agora.legacy_token import parse_legacy
from shared.agora.services import ChatService, RtcService, RtmService, Service
from tests.unit.agora.wrapping import wrapped

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())

current = pytest.mark.parametrize("vector", VECTORS["tokens_007"], ids=lambda v: v["name"])
legacy = pytest.mark.parametrize("vector", VECTORS["tokens_006"], ids=lambda v: v["name"])


def _service(vector: dict[str, Any]) -> Service:
    privileges = {int(key): value for key, value in vector["priv"].items()}
    match vector["type"]:
        case 1:
            return RtcService(channel=vector["ch"], uid=vector["uid"], privileges=privileges)
        case 2:
            return RtmService(user_id=vector["user"], privileges=privileges)
        case _:
            return ChatService(user_id=vector["user"], privileges=privileges)


def _token(vector: dict[str, Any]) -> AccessToken:
    return AccessToken(
        app_id=vector["app_id"],
        issued_at=vector["issued_at"],
        ttl=vector["ttl"],
        salt=vector["salt"],
        services=tuple(map(_service, vector["services"])),
    )


@current
def test_a_public_vector_says_what_agora_put_into_it(vector: dict[str, Any]) -> None:
    """Given an official token, when it is parsed, then every value is the published one."""
    parsed = parse(vector["text"])

    assert parsed.token == _token(vector)
    assert parsed.unknown_service is None


@current
def test_a_public_vector_is_signed_by_its_certificate_only(vector: dict[str, Any]) -> None:
    """Given an official token, when it is verified, then its certificate fits and another fails."""
    parsed = parse(vector["text"])

    assert parsed.is_signed_by(vector["certificate"])
    assert not parsed.is_signed_by(vector["certificate"].swapcase())


@current
def test_building_a_public_vector_gives_agoras_bytes(vector: dict[str, Any]) -> None:
    """Given the published values, when we build the token, then it inflates to Agora's bytes."""
    text = build(_token(vector), vector["certificate"])

    assert text.startswith(VERSION)
    assert inflate(text[3:]) == inflate(vector["text"][3:])


@current
@pytest.mark.parametrize("level", [0, 1, 9])
def test_another_deflate_of_the_same_payload_is_the_same_token(vector: dict[str, Any], level: int) -> None:
    """Given a payload deflated by someone else, when it is parsed, then it says the same."""
    text = wrapped(inflate(vector["text"][3:]), level)

    assert parse(text) == parse(vector["text"])


@legacy
def test_a_legacy_vector_says_what_agora_put_into_it(vector: dict[str, Any]) -> None:
    """Given an official 006 token, when it is parsed, then its values are the published ones."""
    token = parse_legacy(vector["text"])

    assert (token.app_id, token.salt, token.expires_at) == (
        vector["app_id"],
        vector["salt"],
        vector["expires_at"],
    )
    assert token.privileges == {int(k): v for k, v in vector["privileges"].items()}


@legacy
def test_a_legacy_vector_is_signed_for_its_channel_and_user(vector: dict[str, Any]) -> None:
    """Given an official 006 token, when channel or user differ, then its signature fails."""
    token = parse_legacy(vector["text"])
    certificate, channel, uid = vector["certificate"], vector["channel"], vector["uid"]

    assert token.is_signed_by(certificate, channel, uid)
    assert not token.is_signed_by(certificate, channel, uid + "1")
    assert not token.is_signed_by(certificate, channel + "x", uid)
    assert not token.is_signed_by(certificate.swapcase(), channel, uid)
