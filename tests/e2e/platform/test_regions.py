"""Two regions of one installation: both serve the token job, from one set of keys and organizations."""

import pytest

from infra.local import stack_file
from tests.demo.api import Api

pytestmark = pytest.mark.e2e

MINT = {"kind": "rtc", "channel": "regions", "uid": 7, "role": "publisher", "ttl_seconds": 60}


@pytest.fixture(scope="module")
def bases() -> dict[str, str]:
    """Region -> base URL, of a stack with at least two."""
    found = {name: region["base_url"] for name, region in stack_file.read()["regions"].items()}
    assert len(found) >= 2, "one region is up: make up REGIONS=us-east-1,eu-west-1"
    return found


def test_every_region_mints_for_an_app_registered_in_the_first(bases: dict[str, str]) -> None:
    key = stack_file.read()["api_key"]

    for region, base in bases.items():
        with Api(base, key) as api:
            assert api.call("GET", "/v1/health")["region"] == region
            assert api.call("POST", "/v1/agora/tokens", json=MINT)["token"].startswith("007")


def test_a_key_made_in_one_region_is_known_in_the_other(bases: dict[str, str]) -> None:
    home, other, *_rest = bases.values()
    with Api(home, stack_file.read()["api_key"]) as api:
        made = api.call("POST", "/v1/api-keys", json={"name": "two regions", "scopes": ["agora:tokens"]})
        with Api(other, made["key"]) as elsewhere:
            minted = elsewhere.ask("POST", "/v1/agora/tokens", json=MINT)
        api.call("DELETE", f"/v1/api-keys/{made['id']}")

    assert minted.status == 201
