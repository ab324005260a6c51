"""Acknowledging a finding of cdk-nag: on its resource, with the reason."""

from aws_cdk import Validations
from constructs import IConstruct

_KEY = Validations.ACKNOWLEDGED_RULES_METADATA_KEY


def accept(resource: IConstruct, rule: str, reason: str, findings: tuple[str, ...] = ()) -> None:
    """Say why `rule` does not hold for `resource` (and what it contains).

    A rule that reports each wildcard by itself wants every one in `findings`: a wildcard
    added later is a new finding. Written as metadata because `Validations.acknowledge`
    refuses the `::` inside those ids, and the rule reads the metadata anyway.
    """
    ids = [f"{rule}[{finding}]" for finding in findings] or [rule]
    resource.node.add_metadata(_KEY, dict.fromkeys(ids, reason))
