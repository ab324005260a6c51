"""Names are resolved within a limit, and judged when a URL is registered."""

import time

import pytest

from shared.adapters.http.budget import Budget
from shared.adapters.http.guard import EgressGuard
from shared.adapters.http.resolve import resolve_within, system_resolver
from shared.core.egress import EgressRefused
from shared.core.errors import FieldError
from shared.core.outbound.errors import ConnectFailed, TimedOut
from shared.core.outbound.policy import Policy


def test_the_system_answers_for_names_and_for_numbers_in_disguise() -> None:
    assert "127.0.0.1" in resolve_within(system_resolver, "localhost", 443, 2)
    assert resolve_within(system_resolver, "0x7f.1", 443, 2) == ["127.0.0.1"]


def test_a_name_that_the_resolver_cannot_even_encode_is_unreachable() -> None:
    with pytest.raises(ConnectFailed, match="does not resolve"):
        resolve_within(system_resolver, "a" * 70 + ".example", 443, 2)


def test_a_resolver_that_hangs_is_left_behind() -> None:
    def hang(_host: str, _port: int) -> list[str]:
        time.sleep(5)
        return []

    started = time.monotonic()
    with pytest.raises(TimedOut):
        resolve_within(hang, "a.example", 443, 0.1)
    assert time.monotonic() - started < 2


def test_a_budget_that_is_used_up_allows_no_further_operation() -> None:
    now = 100.0
    budget = Budget.begin(Policy(), lambda: now, now + 15)
    assert budget.left() == 3
    budget.phase = "read"
    assert budget.left() == 10
    now = 115.0
    with pytest.raises(TimedOut) as timeout:
        budget.left()
    assert timeout.value.phase == "total"


def guard(*answers: str, allow: frozenset[str] = frozenset()) -> EgressGuard:
    def resolve(_host: str, _port: int) -> list[str]:
        if not answers:
            raise OSError
        return list(answers)

    return EgressGuard(allow, resolve)


def test_a_url_that_leads_to_the_public_is_registered_in_its_normal_form() -> None:
    assert guard("93.184.215.14").check("HTTPS://Hooks.Example.").url == "https://hooks.example/"


def test_an_allowed_pair_is_not_even_resolved() -> None:
    peer = guard(allow=frozenset({"localhost:9000"}))

    assert peer.check("http://localhost:9000/x").url == "http://localhost:9000/x"


@pytest.mark.parametrize(
    ("answers", "url", "reason"),
    [
        (["93.184.215.14"], "http://hooks.example/", "The URL must use https"),
        (["93.184.215.14", "10.0.0.1"], "https://hooks.example/", "The host is at an address that is not public"),
        ([], "https://hooks.example/", "The host does not resolve"),
    ],
    ids=["text", "address", "unknown"],
)
def test_a_refused_url_is_pointed_at(answers: list[str], url: str, reason: str) -> None:
    with pytest.raises(EgressRefused) as refusal:
        guard(*answers).check(url)

    assert refusal.value.fields == (FieldError("/url", reason),)
