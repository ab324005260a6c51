"""An idle region stays cheap."""

import pytest

from tests.infra.conftest import HOME, SECOND, Templates
from tests.infra.idle_cost import idle_cost

_MOST_USD = 15.0


@pytest.mark.parametrize("region", [HOME, SECOND])
def test_an_idle_region_costs_at_most_fifteen_dollars_a_month(templates: Templates, region: str) -> None:
    cost = idle_cost([template for stack, template in templates.items() if f"-{region}-" in stack])

    print(f"{region}: " + ", ".join(f"{kind} ${usd:.2f}" for kind, usd in sorted(cost.items())))
    assert sum(cost.values()) <= _MOST_USD


def test_a_nat_gateway_would_be_noticed() -> None:
    template = {"Resources": {"nat": {"Type": "AWS::EC2::NatGateway"}}}

    assert sum(idle_cost([template]).values()) > _MOST_USD
