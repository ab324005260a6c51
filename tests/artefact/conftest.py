"""What is shipped, unpacked once per worker."""

from collections.abc import Iterator

import pytest

from tests.artefact import built as artefact
from tests.artefact.built import Built


@pytest.fixture(scope="session")
def built() -> Iterator[Built]:
    """Every function and layer of this work tree."""
    with artefact.built() as made:
        yield made
