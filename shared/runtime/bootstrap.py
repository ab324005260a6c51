"""The first organization and its owner key: what no API call can make, since every call needs a key.

An operator runs it with credentials that may write the ``platform`` table::

    TABLE_PLATFORM=switchboard-prod-platform AWS_REGION=eu-west-1 python -m shared.runtime.bootstrap "Acme"

It prints one JSON document with the organization's id and its owner key, once.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass

from shared.core import ids
from shared.core.scope import stored_scope
from shared.identity import keys
from shared.identity.keys import ApiKey, Mode
from shared.identity.organizations import Organization
from shared.runtime.container import Container


@dataclass(frozen=True, slots=True)
class Founded:
    """An organization with its first key."""

    org_id: str
    api_key: str


def found_organization(container: Container, name: str, mode: Mode = Mode.LIVE) -> Founded:
    """Create an organization and an owner key with every scope."""
    now = container.clock()
    org_id = ids.new("org", now)
    container.organizations.create(Organization(org_id, name, mode, now))
    return Founded(org_id, make_key(container, org_id, "owner", ("*",), mode=mode))


def make_key(
    container: Container,
    org_id: str,
    name: str,
    scopes: tuple[str, ...],
    *,
    mode: Mode = Mode.LIVE,
    expires_at: int | None = None,
) -> str:
    """A key of an organization; its text. ``expires_at`` in milliseconds, also one that has passed."""
    now = container.clock()
    text = keys.generate(mode)
    org = stored_scope(org_id)
    key = ApiKey(ids.new("key", now), org, name, scopes, keys.hint(text), keys.digest(text), now, expires_at)
    container.api_keys(org).create(key)
    return text


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Found an organization and print its owner key, once.")
    parser.add_argument("name")
    parser.add_argument("--test", action="store_true", help="a sandbox: its keys begin with sb_test_")
    arguments = parser.parse_args()
    founded = found_organization(Container(), arguments.name, Mode.TEST if arguments.test else Mode.LIVE)
    sys.stdout.write(json.dumps(asdict(founded)) + "\n")


if __name__ == "__main__":
    main()
