"""What integration tests share: an account in process, with one organization in it."""

from collections.abc import Iterator

import pytest

from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import Cloud, cloud


@pytest.fixture
def aws() -> Iterator[Cloud]:
    """A fresh account."""
    with cloud() as account:
        yield account


@pytest.fixture
def acme(aws: Cloud) -> Founded:
    """An organization and its owner key."""
    return aws.found("Acme")
