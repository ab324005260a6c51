import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agora.errors import BadSignature
from shared.agora.notification_signature import verify_signature

# The example of docs.agora.io, "signature verification"; its digest needs the eventMs member.
BODY = (
    b'{"eventMs":1560408533119,"eventType":10,"noticeId":"4eb720f0-8da7-11e9-a43e-53f411c2761f",'
    b'"notifyMs":1560408533119,"payload":{"a":"1","b":2},"productId":1}'
)
SECRET = "secret"
SIGNATURE = "6d3320c60b11101395b7fc8f9068748808a0aa1bfa064438e39d1bc2c7d74d99"
SHA1_SIGNATURE = "033c62f40f687675f17f0f41f91a40c71c0f134c"


def test_agoras_own_example_verifies() -> None:
    """Given the body and digest Agora publishes, when verified, then the signature is good."""
    verify_signature(BODY, SIGNATURE, [SECRET])


def test_upper_case_is_the_same_signature() -> None:
    """Given the digest in upper case, when verified, then it is accepted: it is the same number."""
    verify_signature(BODY, SIGNATURE.upper(), [SECRET])


@pytest.mark.parametrize("secrets", [["old", SECRET], [SECRET, "old"], ["", "old", SECRET]])
def test_a_rotated_secret_verifies_beside_the_old_one(secrets: list[str]) -> None:
    """Given several secrets during a rotation, when one of them signed, then the order is free."""
    verify_signature(BODY, SIGNATURE, secrets)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        SIGNATURE[:-1],
        SIGNATURE[:32],
        SIGNATURE + "0",
        SIGNATURE + "\n",
        " " + SIGNATURE,
        SIGNATURE[:-1] + "g",
        SIGNATURE[:-1] + "٩",
        "sha256=" + SIGNATURE,
        SHA1_SIGNATURE,
        "0" * 64,
    ],
)
def test_a_header_that_is_no_signature_of_the_body_is_refused(signature: str | None) -> None:
    """Given a missing, cut, lengthened or foreign signature, when verified, then it is refused."""
    with pytest.raises(BadSignature):
        verify_signature(BODY, signature, [SECRET])


@pytest.mark.parametrize("secrets", [[], ["other"], ["Secret"], ["secret "]])
def test_no_fitting_secret_means_no_entry(secrets: list[str]) -> None:
    """Given no secret or only wrong ones, when verified, then nothing is let in unverified."""
    with pytest.raises(BadSignature):
        verify_signature(BODY, SIGNATURE, secrets)


def test_an_empty_secret_opens_nothing() -> None:
    """Given a source whose secret is empty, when a body is signed with it, then it is refused."""
    signature = hmac.new(b"", BODY, hashlib.sha256).hexdigest()

    with pytest.raises(BadSignature):
        verify_signature(BODY, signature, [""])


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40), st.data())
def test_a_changed_body_never_verifies(body: bytes, secret: str, data: st.DataObject) -> None:
    """Given a signed body, when one bit of it or of the digest flips, then it is refused."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    verify_signature(body, digest.hex(), [secret])
    flipped = bytearray(body + digest)
    bit = data.draw(st.integers(0, len(flipped) * 8 - 1))
    flipped[bit // 8] ^= 1 << (bit % 8)

    with pytest.raises(BadSignature):
        verify_signature(bytes(flipped[:-32]), flipped[-32:].hex(), [secret])
