"""Signing, judged by the reference library and by the published vector."""

import base64

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.signing import PREFIX, BadSecret, key_of, secret_of, signature, signed_headers

VECTOR = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1614265330,
    b'{"test": 2432232314}',
)
"""Of the specification's own test suites: https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries."""

keys = st.binary(min_size=24, max_size=64)
message_ids = st.from_regex(r"[a-zA-Z0-9_-]{1,40}", fullmatch=True)
moments = st.integers(min_value=1, max_value=4_000_000_000_000)
bodies = st.text(st.characters(codec="utf-8")).map(str.encode)


def test_the_published_vector_is_met() -> None:
    """Given the vector every Standard Webhooks library is tested with, then our signature is the published one."""
    assert signature(*VECTOR) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(key=keys, message_id=message_ids, now=moments, body=bodies)
def test_the_reference_library_signs_the_same(key: bytes, message_id: str, now: int, body: bytes) -> None:
    """Given any key, id, moment and body, then our headers hold what PyPI's standardwebhooks would have sent."""
    from datetime import UTC, datetime

    secret = secret_of(key)
    reference = standardwebhooks.Webhook(secret)
    expected = reference.sign(message_id, datetime.fromtimestamp(now // 1000, UTC), body.decode())

    headers = signed_headers([secret], message_id, now, body)

    assert headers == {
        "webhook-id": message_id,
        "webhook-timestamp": str(now // 1000),
        "webhook-signature": expected,
    }


@given(old=keys, new=keys, body=bodies)
def test_during_a_rotation_either_key_verifies(old: bytes, new: bytes, body: bytes) -> None:
    """Given two valid keys, then one header carries both signatures, in order, and each is the one of its key."""
    secrets = [secret_of(old), secret_of(new)]

    header = signed_headers(secrets, "msg_1", 1_000, body)["webhook-signature"]

    assert header.split(" ") == [signature(s, "msg_1", 1, body) for s in secrets]


@pytest.mark.parametrize("message_id", ["", "msg.1", "msg_1.", "."])
def test_an_id_that_would_shift_the_signed_bytes_is_refused(message_id: str) -> None:
    """Given an id with a dot, or none, then nothing is signed: ``a.1`` + ``2.b`` would read like ``a`` + ``1.2.b``."""
    with pytest.raises(ValueError, match="dot"):
        signed_headers([VECTOR[0]], message_id, 1_000, b"{}")


def test_a_delivery_without_a_key_is_refused() -> None:
    """Given no key, then nothing goes out unsigned."""
    with pytest.raises(ValueError, match="at least one key"):
        signed_headers([], "msg_1", 1_000, b"{}")


@given(keys)
def test_a_secret_reads_back_as_its_key(key: bytes) -> None:
    """Given a key of 24 to 64 bytes, then its text begins with whsec_ and reads back."""
    secret = secret_of(key)

    assert secret.startswith(PREFIX)
    assert key_of(secret) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_!!!!",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsk_" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(text: str) -> None:
    """Given a text that is no symmetric secret, then the error does not repeat it."""
    with pytest.raises(BadSecret) as refused:
        key_of(text)

    assert len(text) <= len(PREFIX) or text not in str(refused.value)


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """Given too few or too many bytes, then no secret is made of them."""
    with pytest.raises(BadSecret):
        secret_of(bytes(size))
