"""What a region costs in a month in which nobody calls it, from its templates.

Prices: us-east-1, on the services' public price pages, 2026-11; free tiers are ignored, so
a small account pays less. Storage is the customer's data and not idle cost.
"""

from collections import Counter
from typing import Any

HOURS = 730
_MINUTES = HOURS * 60

# USD per unit and month of one resource that merely exists.
_EACH = {
    "AWS::CloudWatch::Alarm": 0.10,  # standard resolution, one metric
    "AWS::KMS::Key": 1.00,
    "AWS::KMS::ReplicaKey": 1.00,
    "AWS::Route53::RecordSet": 0.00,  # queries only
    "AWS::SecretsManager::Secret": 0.40,
    "AWS::EC2::NatGateway": 0.045 * HOURS,
    "AWS::EC2::VPCEndpoint": 0.01 * HOURS,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 0.0225 * HOURS,
    "AWS::WAFv2::WebACL": 5.00,
}

# An event source mapping keeps five long polls of 20 s open: 15 empty receives a minute.
_POLLS = 15 * _MINUTES * 0.40 / 1_000_000

# The sweep: one call a minute of the scheduler, one of Lambda (request, and 200 ms at 512 MB
# on arm64), 4 queries x 16 shards at half a read unit each, and two log lines.
_SCHEDULER = _MINUTES * 1.00 / 1_000_000
_LAMBDA = _MINUTES * (0.20 / 1_000_000 + 0.2 * 0.5 * 0.0000133334)
_READS = _MINUTES * 64 * 0.5 * 0.125 / 1_000_000
_LOGS = _MINUTES * 2_000 / 1e9 * 0.50
_SWEEP = _SCHEDULER + _LAMBDA + _READS + _LOGS


def idle_cost(templates: list[dict[str, Any]]) -> dict[str, float]:
    """USD per month by resource type; only what costs something without a request."""
    counted = Counter(body["Type"] for template in templates for body in template["Resources"].values())
    cost = {kind: count * _EACH[kind] for kind, count in counted.items() if _EACH.get(kind)}
    cost["queue pollers"] = counted["AWS::Lambda::EventSourceMapping"] * _POLLS
    cost["sweep"] = counted["AWS::Scheduler::Schedule"] * _SWEEP
    return cost
