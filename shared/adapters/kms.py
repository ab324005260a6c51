"""Tenant encryption: AES-256-GCM under data keys that KMS wraps, one per organization and purpose.

KMS is asked once per (organization, purpose) and hour; a wrapped key carries its encryption context, so one
organization's key never opens another's secret, and deleting wrapped keys shreds what they sealed.
"""

import os
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.adapters import aws
from shared.adapters.aws import Client
from shared.core.clock import HOUR, Clock, system
from shared.core.errors import Unavailable
from shared.core.scope import OrgScope
from shared.core.secrets import CannotOpen, Sealed

KEPT = HOUR
"""How long a data key stays in memory, milliseconds."""
_MAX_KEPT = 1024


def make_client(region: str) -> Client:
    """KMS answers in a few milliseconds; a cold connection needs more."""
    return aws.make_client("kms", region, connect_s=1.0, read_s=3.0, attempts=3)


class KmsCipher:
    """The :class:`shared.core.secrets.TenantCipher`."""

    def __init__(self, client: Client, key_arn: str, clock: Clock = system) -> None:
        """``key_arn`` of the multi-region key: any region opens what another sealed."""
        self._client = client
        self._key_arn = key_arn
        self._clock = clock
        self._sealing: dict[tuple[str, str], tuple[bytes, bytes, int]] = {}
        self._opening: dict[tuple[str, str, bytes], tuple[bytes, int]] = {}

    def seal(self, org: OrgScope, purpose: str, secret: bytes, context: str) -> bytes:
        """A packed :class:`Sealed`. Raises 503 when KMS is down."""
        key, wrapped = self._data_key(org, purpose)
        nonce = os.urandom(12)
        ciphertext = AESGCM(key).encrypt(nonce, secret, _bound(org, purpose, context))
        return Sealed(wrapped, nonce, ciphertext).pack()

    def open(self, org: OrgScope, purpose: str, sealed: bytes, context: str) -> bytes:
        """The secret. Raises :class:`CannotOpen`, or 503 when KMS is down."""
        try:
            box = Sealed.unpack(sealed)
        except ValueError as error:
            raise CannotOpen from error
        key = self._unwrap(org, purpose, box.wrapped_key)
        try:
            return AESGCM(key).decrypt(box.nonce, box.ciphertext, _bound(org, purpose, context))
        except InvalidTag as error:
            raise CannotOpen from error

    def _data_key(self, org: OrgScope, purpose: str) -> tuple[bytes, bytes]:
        now = self._clock()
        kept = self._sealing.get((org.org, purpose))
        if kept and kept[2] > now:
            return kept[0], kept[1]
        answer = self._ask(
            "generate_data_key", KeyId=self._key_arn, KeySpec="AES_256", EncryptionContext=_kms_context(org, purpose)
        )
        key, wrapped = bytes(answer["Plaintext"]), bytes(answer["CiphertextBlob"])
        _bounded(self._sealing)[(org.org, purpose)] = (key, wrapped, now + KEPT)
        return key, wrapped

    def _unwrap(self, org: OrgScope, purpose: str, wrapped: bytes) -> bytes:
        now = self._clock()
        kept = self._opening.get((org.org, purpose, wrapped))
        if kept and kept[1] > now:
            return kept[0]
        answer = self._ask(
            "decrypt", KeyId=self._key_arn, CiphertextBlob=wrapped, EncryptionContext=_kms_context(org, purpose)
        )
        key = bytes(answer["Plaintext"])
        _bounded(self._opening)[(org.org, purpose, wrapped)] = (key, now + KEPT)
        return key

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore's
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"InvalidCiphertextException", "IncorrectKeyException"}:
                raise CannotOpen from error
            if error.response["Error"]["Code"] in {
                "ThrottlingException",
                "KMSInternalException",
                "DependencyTimeoutException",
            }:
                message = "the key service is not available"
                raise Unavailable(message) from error
            raise
        except BotoCoreError as error:
            message = "the key service did not answer"
            raise Unavailable(message) from error
        return answer


def _kms_context(org: OrgScope, purpose: str) -> dict[str, str]:
    return {"org": org.org, "purpose": purpose}


def _bound(org: OrgScope, purpose: str, context: str) -> bytes:
    return f"{org.org}\0{purpose}\0{context}".encode()


def _bounded(cache: dict[Any, Any]) -> dict[Any, Any]:
    if len(cache) >= _MAX_KEPT:
        cache.clear()
    return cache
