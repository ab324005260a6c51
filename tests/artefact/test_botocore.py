"""The layer's botocore is a tenth of what pip installs, and does the same for our services."""

import json
import re
from pathlib import Path

import botocore.session

from infra.prune import SERVICES
from tests.artefact.built import Built, spec_of

ANY = spec_of("agora/tokens")
"""Whichever: all have the same layer."""
_ADDRESSES = """
import botocore.session, json
session = botocore.session.get_session()
print(json.dumps({
    partition: {
        service: {
            region: session.create_client(service, region).meta.endpoint_url
            for region in session.get_available_regions(service, partition)
        }
        for service in SERVICES
    }
    for partition in session.get_available_partitions()
}))
"""
_OPERATIONS = """
import botocore.session, json
session = botocore.session.get_session()
print(json.dumps({
    service: sorted(session.create_client(service, "eu-west-1").meta.service_model.operation_names)
    for service in SERVICES
}))
"""


def in_the_layer(program: str, built: Built) -> object:
    """What a program prints under the layer's botocore."""
    done = built.run(ANY, f"SERVICES = {SERVICES!r}\n{program}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_service_is_reached_where_an_unpruned_botocore_reaches_it(built: Built) -> None:
    """Given every region of every partition, when clients are made, then their addresses are pip's botocore's."""
    session = botocore.session.get_session()

    addresses = in_the_layer(_ADDRESSES, built)

    assert addresses == {
        partition: {
            service: {
                region: session.create_client(
                    service, region, aws_access_key_id="x", aws_secret_access_key="x"
                ).meta.endpoint_url
                for region in session.get_available_regions(service, partition)
            }
            for service in SERVICES
        }
        for partition in session.get_available_partitions()
    }


def test_every_operation_of_a_kept_service_is_there(built: Built) -> None:
    """Given the models without their prose, when clients are made, then they have pip's botocore's operations."""
    session = botocore.session.get_session()

    assert in_the_layer(_OPERATIONS, built) == {
        service: sorted(session.get_service_model(service).operation_names) for service in SERVICES
    }


def test_a_service_that_was_pruned_is_missing(built: Built) -> None:
    """Given the pruned botocore, when a client of a service we do not use is made, then there is none."""
    code = "import botocore.session as s; s.get_session().create_client('ec2')"

    assert "UnknownServiceError" in built.run(ANY, code).stderr


def test_every_service_the_code_makes_a_client_of_is_kept() -> None:
    """Given the adapters' sources, when they name a service for a client, then the layer keeps it."""
    sources = "".join(path.read_text() for path in Path("shared").rglob("*.py"))
    named = set(re.findall(r'aws\.make_client\(\s*"([a-z0-9-]+)"', sources))

    assert named
    assert named <= set(SERVICES)
