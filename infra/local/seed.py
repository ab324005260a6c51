"""Two organizations to work with, made once and remembered with the emulator's state."""

import json
import os
import secrets
import time
import urllib.request
from pathlib import Path
from typing import Any

from infra import names
from infra.local.paths import root_environment
from infra.local.servers import Region
from infra.local.steps import step
from infra.settings import Stage

_NAMES = ("First organization", "Second organization")
_HOUR_MS = 3_600_000


def organizations(stage: Stage, home: Region, remembered: Path) -> dict[str, Any]:
    """What stack.json tells about organizations: made now, or as made before.

    Kept after each part, so that a run that stopped half way is gone on with, and nothing is made twice.
    """
    made: dict[str, Any] = json.loads(remembered.read_text()) if remembered.exists() else {}
    if "hooks" in made:
        return made
    with step("two organizations with keys, an Agora app and a hook"):
        if "orgs" not in made:
            made["orgs"] = _found(stage, home.name)
            _keep(made, remembered)
        for organization in made["orgs"]:
            if "agora" not in organization:
                organization["agora"] = _agora_app(home, organization["api_key"])
                _keep(made, remembered)
        made["hooks"] = {"agora": _hook(home, made["orgs"][0]["api_key"])}
        _keep(made, remembered)
    return made


def _keep(made: dict[str, Any], remembered: Path) -> None:
    remembered.write_text(json.dumps(made, indent=2))


def _found(stage: Stage, region: str) -> list[dict[str, Any]]:
    """As an operator does: with credentials for the table, past the API, which needs a key."""
    os.environ.update(root_environment(region))
    os.environ.update(
        {"STAGE": stage.name, "FUNCTION": "infra/seed", "TABLE_PLATFORM": names.resource(stage.name, "platform")}
    )
    from shared.identity.keys import READ_ONLY
    from shared.runtime.bootstrap import found_organization, make_key
    from shared.runtime.container import Container

    container = Container()
    made = []
    for name in _NAMES:
        founded = found_organization(container, name)
        hour_ago = int(time.time() * 1000) - _HOUR_MS
        made.append(
            {
                "id": founded.org_id,
                "name": name,
                "api_key": founded.api_key,
                "read_only_key": make_key(container, founded.org_id, "read only", tuple(sorted(READ_ONLY))),
                "expired_key": make_key(container, founded.org_id, "expired", ("*",), expires_at=hour_ago),
            }
        )
    return made


def _agora_app(home: Region, key: str) -> dict[str, str]:
    """A made-up Agora project, so that tokens can be minted (and inspected) at once."""
    app = {"app_id": secrets.token_hex(16), "certificate": secrets.token_hex(16)}
    post(f"{home.base_url}/v1/agora/apps", key, app)
    return app


def _hook(home: Region, key: str) -> dict[str, str]:
    """A source of the first organization: where Agora would send, and what it would sign with."""
    secret = secrets.token_hex(16)
    made = post(f"{home.base_url}/v1/sources", key, {"provider": "agora", "name": "local", "secrets": [secret]})
    return {"url": made["url"], "secret": secret}


def post(url: str, key: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """The `data` of a successful POST. Raises HTTPError otherwise."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]
