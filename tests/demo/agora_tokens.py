"""Row agora token: minted under an API key, read and verified by Agora's own npm package."""

import secrets
import subprocess
from typing import Any

from tests.contract.agora import oracle
from tests.demo.api import Api, temporarily
from tests.demo.target import Target

CHANNEL, UID, TTL_S = "switchboard-demo", 4242, 600
RTC, JOIN, PUBLISH_AUDIO = 1, "1", "2"
"""Numbers of the service and of two of its privileges in an access token."""


def prove(target: Target) -> str:
    """With a made-up Agora project, registered for the moment."""
    app = {"app_id": secrets.token_hex(16), "certificate": secrets.token_hex(16), "name": "switchboard-demo"}
    with target.api() as api, temporarily(api, "/v1/agora/apps", app, id_in="app_id"):
        minted = _mint(api, app["app_id"])
    read, forged = _read(minted["token"], app["certificate"]), _read(minted["token"], secrets.token_hex(16))
    service = read["services"][0]
    assert read["verified"], "agora-token says the signature is not the certificate's"
    assert not forged["verified"], "agora-token verifies it with any certificate"
    assert (read["app_id"], service["type"]) == (app["app_id"], RTC), "the token is for another app or service"
    assert (service["channel"], service["uid"]) == (CHANNEL, str(UID)), "the token opens another channel or user"
    assert {JOIN, PUBLISH_AUDIO} <= set(service["privileges"]), "the token lets its user not publish"
    assert read["ttl"] == TTL_S, f"the token lives {read['ttl']} s, not {TTL_S}"
    return f"007 token for user {UID} in {CHANNEL}, verified by npm agora-token; not with another certificate"


def _mint(api: Api, app_id: str) -> dict[str, Any]:
    body = {"kind": "rtc", "channel": CHANNEL, "uid": UID, "role": "publisher", "ttl_seconds": TTL_S, "app_id": app_id}
    minted: dict[str, Any] = api.call("POST", "/v1/agora/tokens", json=body)
    return minted


def _read(token: str, certificate: str) -> dict[str, Any]:
    """What Agora's package says of the token."""
    try:
        oracle.install()
        answer: dict[str, Any] | None = oracle.ask("read", [{"text": token, "certificate": certificate}])[0]
    except (subprocess.SubprocessError, OSError) as error:
        raise RuntimeError(f"npm agora-token could not be run: {error}") from error
    assert answer is not None, "agora-token cannot read the token"
    return answer
