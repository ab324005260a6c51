import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agora.access_token import VERSION, AccessToken, build, inflate, parse
from shared.agora.errors import InvalidToken
from shared.agora.legacy_token import LEGACY_VERSION, parse_legacy
from tests.unit.agora.strategies import HEX32, TOKENS
from tests.unit.agora.wrapping import wrapped


def _verified(text: str, certificate: str) -> bool:
    """Whether ``text`` parses and verifies; anything but ``InvalidToken`` is the test's failure."""
    try:
        return parse(text).is_signed_by(certificate)
    except InvalidToken:
        return False


@given(TOKENS, HEX32)
def test_a_built_token_parses_to_what_was_built(token: AccessToken, certificate: str) -> None:
    """Given any token, when it is built and parsed, then nothing is lost and it verifies."""
    parsed = parse(build(token, certificate))

    assert parsed.token == token
    assert parsed.unknown_service is None
    assert parsed.is_signed_by(certificate)


@given(TOKENS, HEX32)
def test_building_twice_gives_the_same_text(token: AccessToken, certificate: str) -> None:
    """Given any token, when it is built twice, then both texts are the same: building is pure."""
    assert build(token, certificate) == build(token, certificate)


@given(TOKENS, HEX32, st.data())
def test_a_flipped_bit_of_the_payload_never_verifies(token: AccessToken, certificate: str, data: st.DataObject) -> None:
    """Given a token, when one payload bit is flipped, then it is unreadable or unverified."""
    payload = bytearray(inflate(build(token, certificate)[3:]))
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    payload[bit // 8] ^= 1 << (bit % 8)

    assert not _verified(wrapped(bytes(payload)), certificate)


@given(TOKENS, HEX32, st.data())
def test_a_shortened_payload_never_verifies(token: AccessToken, certificate: str, data: st.DataObject) -> None:
    """Given a token, when its payload is cut or added to, then it is unreadable or unverified."""
    payload = inflate(build(token, certificate)[3:])
    cut = data.draw(st.integers(0, len(payload) - 1))

    assert not _verified(wrapped(payload[:cut]), certificate)
    assert not _verified(wrapped(payload + payload[cut:]), certificate)


@given(TOKENS, HEX32, st.data())
def test_a_changed_character_never_verifies_as_something_else(
    token: AccessToken, certificate: str, data: st.DataObject
) -> None:
    """Given a token's text, when a character changes, then it fails or means the same bytes."""
    text = build(token, certificate)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from("AQgwZaz+/=") | st.characters()) + text[at + 1 :]

    if _verified(changed, certificate):  # the spare bits before "=" carry nothing
        assert inflate(changed[3:]) == inflate(text[3:])


@given(TOKENS, HEX32, HEX32)
def test_another_certificate_never_verifies(token: AccessToken, certificate: str, other: str) -> None:
    """Given two certificates, when one signed, then the other verifies only if it is the same."""
    assert parse(build(token, certificate)).is_signed_by(other) == (certificate == other)


@given(st.one_of(st.text(), st.text("0167ABab+/=", max_size=200)))
def test_any_text_is_a_token_or_invalid(text: str) -> None:
    """Given any text, when it is parsed as 007 or 006, then nothing but InvalidToken comes out."""
    for candidate in (text, VERSION + text, LEGACY_VERSION + text):
        with contextlib.suppress(InvalidToken):
            parse(candidate)
        with contextlib.suppress(InvalidToken):
            parse_legacy(candidate)


@given(st.binary(max_size=300))
def test_any_payload_is_a_token_or_invalid(payload: bytes) -> None:
    """Given any bytes inside a well-formed wrapping, when parsed, then only InvalidToken comes."""
    with contextlib.suppress(InvalidToken):
        parse(wrapped(payload)).is_signed_by("0" * 32)
    with contextlib.suppress(InvalidToken):
        text = LEGACY_VERSION + "0" * 32 + base64.b64encode(payload).decode()
        parse_legacy(text).is_signed_by("0" * 32, "channel", "\ud800")


@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_zlib_stream_are_invalid(packed: bytes) -> None:
    """Given bytes that were never deflated, when parsed, then they are refused."""
    with pytest.raises(InvalidToken):
        parse(VERSION + base64.b64encode(b"\x00" + packed).decode())
