"""A peer of functions/agora/tokens: the same endpoint on FastAPI, Mangum and boto3.

Same tables, same calls, same token. The key is checked and remembered for a minute, the call is counted, the app's
certificate is opened with KMS and AES-GCM: what a careful team would write, and none of our pipeline.
"""

import hashlib
import os
import secrets
import time
from typing import Annotated, Any, Literal

import boto3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, FastAPI, Header, HTTPException
from mangum import Mangum
from pydantic import BaseModel, Field

from shared.agora.access_token import MAX_SALT, AppCredentials
from shared.agora.rtc_token import Role, rtc_token

REMEMBERED_S = 60
dynamodb = boto3.client("dynamodb")
kms = boto3.client("kms")
api = FastAPI()
_keys: dict[str, tuple[dict[str, Any], float]] = {}
_apps: dict[str, tuple[AppCredentials, float]] = {}


class MintRequest(BaseModel):
    """One user in one channel."""

    kind: Literal["rtc"]
    channel: str = Field(pattern=r"^[a-zA-Z0-9 _-]{1,63}$")
    uid: int = Field(ge=1, le=2**32 - 1)
    role: Role = Role.PUBLISHER
    ttl_seconds: int = Field(3600, ge=1, le=86_400)


class Minted(BaseModel):
    """A token and when it ends."""

    token: str
    app_id: str
    channel: str
    expires_at: int


class Envelope(BaseModel):
    """As ours."""

    success: bool = True
    data: Minted


def caller(authorization: Annotated[str, Header()]) -> dict[str, Any]:
    """The API key's item."""
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
    item, until = _keys.get(digest, ({}, 0.0))
    if until < time.time():
        key = {"pk": {"S": f"KEYHASH#{digest}"}, "sk": {"S": "KEY"}}
        item = dynamodb.get_item(TableName=os.environ["TABLE_PLATFORM"], Key=key).get("Item", {})
        if not item:
            raise HTTPException(401)
        _keys[digest] = (item, time.time() + REMEMBERED_S)
    return item


def count(key_id: str) -> None:
    """One write per call and hour, like the limiter's."""
    window = str(int(time.time()) // 3600)
    try:
        dynamodb.update_item(
            TableName=os.environ["TABLE_LIMITS"],
            Key={"pk": {"S": f"PEER#{key_id}"}, "sk": {"S": window}},
            UpdateExpression="ADD used :one",
            ConditionExpression="attribute_not_exists(used) OR used < :most",
            ExpressionAttributeValues={":one": {"N": "1"}, ":most": {"N": os.environ["HOURLY_LIMIT"]}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        raise HTTPException(429) from error


def credentials(org: str) -> AppCredentials:
    """The organization's first app, remembered opened."""
    app, until = _apps.get(org, (None, 0.0))
    if app is None or until < time.time():
        found = dynamodb.query(
            TableName=os.environ["TABLE_PLATFORM"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"ORG#{org}#AGORA_APPS"}},
        )["Items"]
        if not found:
            raise HTTPException(409)
        app = _open(org, found[0])
        _apps[org] = (app, time.time() + REMEMBERED_S)
    return app


def _open(org: str, item: dict[str, Any]) -> AppCredentials:
    pk, sk, packed = item["pk"]["S"], item["sk"]["S"], item["certificate"]["B"]
    size = int.from_bytes(packed[1:3], "big")
    wrapped, nonce, sealed = packed[3 : 3 + size], packed[3 + size : 15 + size], packed[15 + size :]
    purpose = "agora"
    context = {"org": org, "purpose": purpose}
    key = kms.decrypt(KeyId=os.environ["KMS_KEY_ARN"], CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
    certificate = AESGCM(key).decrypt(nonce, sealed, f"{org}\0{purpose}\0{pk}|{sk}".encode())
    return AppCredentials(sk, certificate.decode())


def mint(wanted: MintRequest, key: Annotated[dict[str, Any], Depends(caller)]) -> Envelope:
    """POST /v1/agora/tokens."""
    count(key["id"]["S"])
    app, now = credentials(key["org"]["S"]), int(time.time())
    token = rtc_token(
        app,
        wanted.channel,
        wanted.uid,
        wanted.role,
        ttl=wanted.ttl_seconds,
        now=now,
        salt=secrets.randbelow(MAX_SALT) + 1,
    )
    return Envelope(
        data=Minted(token=token, app_id=app.app_id, channel=wanted.channel, expires_at=now + wanted.ttl_seconds)
    )


api.add_api_route("/v1/agora/tokens", mint, methods=["POST"], status_code=201)
handler = Mangum(api, lifespan="off")
