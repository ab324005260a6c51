import base64
import tracemalloc
import zlib
from dataclasses import replace

import pytest

from shared.agora.access_token import (
    MAX_PAYLOAD_BYTES,
    MAX_TOKEN_CHARS,
    VERSION,
    AccessToken,
    build,
    inflate,
    parse,
)
from shared.agora.errors import InvalidToken, UnbuildableToken
from shared.agora.packing import pack_u16
from shared.agora.services import (
    ApaasService,
    ConvoAiService,
    RtcService,
    Rtm2Service,
    RtmService,
    StreamingService,
)
from tests.unit.agora.wrapping import wrapped

APP_ID = "970CA35de60c44645bbae8a215061b33"
CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b"
RTC = RtcService(channel="room", uid="1", privileges={1: 60})
TOKEN = AccessToken(app_id=APP_ID, issued_at=1_111_111, ttl=600, salt=1, services=(RTC,))


def test_a_service_of_a_newer_type_keeps_the_earlier_ones() -> None:
    """Given a service of a type nobody knows yet, when parsed, then what came before stays."""
    known = inflate(build(TOKEN, CERTIFICATE)[3:])
    count_at = 2 + 32 + 2 + 32 + 4 + 4 + 4
    payload = known[:count_at] + pack_u16(2) + known[count_at + 2 :] + pack_u16(11) + b"unknown"

    parsed = parse(wrapped(payload))

    assert parsed.token.services == (RTC,)
    assert parsed.unknown_service == 11


def test_services_are_packed_by_type_and_repeats_keep_their_order() -> None:
    """Given services in disorder and repeated, when built, then the order is stable by type."""
    first, second = RtmService(user_id="first"), RtmService(user_id="second")
    token = replace(TOKEN, services=(ConvoAiService(), first, RTC, second))

    parsed = parse(build(token, CERTIFICATE))

    assert parsed.token.services == (RTC, first, second, ConvoAiService())


def test_privileges_keep_expiries_of_their_own() -> None:
    """Given a different expiry for each privilege, when built and parsed, then each is kept."""
    service = RtcService(channel="room", uid="", privileges={4: 0, 1: 600, 2: 60, 3: 4_294_967_295})

    parsed = parse(build(replace(TOKEN, services=(service,)), CERTIFICATE))

    assert parsed.token.services[0].privileges == {1: 600, 2: 60, 3: 4_294_967_295, 4: 0}


def test_a_classroom_role_of_zero_stays_zero() -> None:
    """Given the APaaS role 0, when built and parsed, then it is not mistaken for no role."""
    service = ApaasService(room_uuid="room", user_uuid="user", role=0)

    parsed = parse(build(replace(TOKEN, services=(service,)), CERTIFICATE))

    assert parsed.token.services == (service,)


def test_a_long_permission_list_fits() -> None:
    """Given an RTM2 token of several kilobytes, when built and parsed, then it is whole."""
    channels = tuple(f"channel-{n:04}" for n in range(2_000))
    service = Rtm2Service(user_id="user", permissions={0: {0: channels, 1: ()}, 4: {0: ("*",)}})
    token = replace(TOKEN, services=(service,))

    assert parse(build(token, CERTIFICATE)).token == token


def test_a_token_that_inflates_one_byte_too_far_is_refused() -> None:
    """Given a payload one byte over the bound, when parsed, then it is refused for its size."""
    with pytest.raises(InvalidToken, match="inflates"):
        parse(wrapped(bytes(MAX_PAYLOAD_BYTES + 1)))


def test_a_bomb_is_refused_without_being_inflated() -> None:
    """Given a short text that inflates to 30 MB, when parsed, then under 1 MB is ever held."""
    text = wrapped(bytes(30_000_000), level=9)
    assert len(text) < MAX_TOKEN_CHARS
    tracemalloc.start()
    try:
        with pytest.raises(InvalidToken, match="inflates"):
            parse(text)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 1_000_000


def test_an_endless_text_is_refused_before_it_is_decoded() -> None:
    """Given more characters than any token has, when parsed, then it is refused for its length."""
    with pytest.raises(InvalidToken, match="characters"):
        parse(VERSION + "A" * (MAX_TOKEN_CHARS + 4))


def test_bytes_after_the_end_of_the_stream_are_refused() -> None:
    """Given a good token followed by more bytes, when parsed, then nothing is smuggled along."""
    packed = zlib.compress(inflate(build(TOKEN, CERTIFICATE)[3:]))

    with pytest.raises(InvalidToken, match="after its end"):
        parse(VERSION + base64.b64encode(packed + b"more").decode())


def test_the_order_in_which_a_caller_lists_privileges_does_not_matter() -> None:
    """Given the same privileges and permissions in two orders, when built, then one text comes."""
    listed = Rtm2Service(user_id="ann", permissions={0: {0: ("a",), 1: ("b",)}, 4: {}}, privileges={1: 1, 2: 2})
    turned = Rtm2Service(user_id="ann", permissions={4: {}, 0: {1: ("b",), 0: ("a",)}}, privileges={2: 2, 1: 1})

    first = build(replace(TOKEN, services=(listed,)), CERTIFICATE)
    second = build(replace(TOKEN, services=(turned,)), CERTIFICATE)

    assert first == second


def test_the_largest_payload_is_read_even_if_it_cannot_be_deflated() -> None:
    """Given a payload at the bound, stored undeflated, when inflated, then all of it comes."""
    payload = bytes(MAX_PAYLOAD_BYTES)
    text = wrapped(payload, level=0)

    assert len(text) <= MAX_TOKEN_CHARS
    assert inflate(text[3:]) == payload


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        VERSION,
        "008" + build(TOKEN, CERTIFICATE)[3:],
        build(TOKEN, CERTIFICATE).rstrip("=")[:-2],
        build(TOKEN, CERTIFICATE) + "\n",
        build(TOKEN, CERTIFICATE).replace("/", "_").replace("+", "-") + "é",
        VERSION + base64.b64encode(zlib.compress(b"payload")[:-1]).decode(),
        wrapped(b""),
        wrapped(inflate(build(TOKEN, CERTIFICATE)[3:])[:-1]),
        wrapped(inflate(build(TOKEN, CERTIFICATE)[3:]).replace(b"room", b"r\xffom")),
    ],
)
def test_a_text_that_is_no_token_is_invalid(text: str) -> None:
    """Given a damaged text of one kind, when parsed, then it is refused as an invalid token."""
    with pytest.raises(InvalidToken):
        parse(text)


@pytest.mark.parametrize("certificate", ["", "5CFd", "Z" * 32, CERTIFICATE + "\n", "é" * 32])
def test_a_certificate_that_is_none_verifies_nothing(certificate: str) -> None:
    """Given something that is no certificate, when a token is verified, then the answer is no."""
    assert not parse(build(TOKEN, CERTIFICATE)).is_signed_by(certificate)


@pytest.mark.parametrize(
    "token",
    [
        replace(TOKEN, app_id=""),
        replace(TOKEN, app_id="Z70CA35de60c44645bbae8a215061b33"),
        replace(TOKEN, app_id=APP_ID + "\n"),
        replace(TOKEN, services=()),
        replace(TOKEN, issued_at=-1),
        replace(TOKEN, issued_at=1_700_000_000_000),
        replace(TOKEN, ttl=2**32),
        replace(TOKEN, salt=2**32),
        replace(TOKEN, services=(replace(RTC, privileges={1: -1}),)),
        replace(TOKEN, services=(replace(RTC, privileges={65_536: 1}),)),
        replace(TOKEN, services=(replace(RTC, channel="x" * 65_536),)),
        replace(TOKEN, services=(replace(RTC, channel="\ud800"),)),
        replace(TOKEN, services=(ApaasService(room_uuid="", user_uuid="", role=32_768),)),
        replace(TOKEN, services=(StreamingService(channel="x" * 33_000, account=""),)),
    ],
)
def test_values_that_do_not_fit_make_no_token(token: AccessToken) -> None:
    """Given a value that no token can hold, when built, then only UnbuildableToken comes."""
    with pytest.raises(UnbuildableToken):
        build(token, CERTIFICATE)


@pytest.mark.parametrize("certificate", ["", "5CFd", "Z" * 32])
def test_a_certificate_that_is_none_signs_nothing(certificate: str) -> None:
    """Given something that is no certificate, when a token is built with it, then it is refused."""
    with pytest.raises(UnbuildableToken):
        build(TOKEN, certificate)
