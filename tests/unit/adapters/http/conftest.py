"""What the tests of the HTTP client share."""

from collections.abc import Callable, Iterator

import pytest

from shared.adapters.http.client import HttpClient
from tests.fakes.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


ClientMaker = Callable[..., HttpClient]


@pytest.fixture
def make_client(authority: Authority) -> Iterator[ClientMaker]:
    """Clients that trust the throwaway authority, and are closed when the test ends."""
    made: list[HttpClient] = []

    def make(**options: object) -> HttpClient:
        made.append(HttpClient(**{"tls": authority.trusting, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()
