"""Replicates what is made once into another region of the emulator.

On AWS the templates do it; MiniStack replicates keys and tables through its API only.
"""

from infra import names
from infra.local import aws
from infra.settings import Stage
from infra.tables import TABLES


def add(stage: Stage, region: str) -> None:
    """The tenant key and every replicated table, unless `region` has them already."""
    home = stage.home_region
    kms = aws.client("kms", home)
    described = kms.describe_key(KeyId=stage.key_arn)["KeyMetadata"]
    members = described["MultiRegionConfiguration"].get("ReplicaKeys", [])
    if region not in {member["Region"] for member in members}:
        kms.replicate_key(KeyId=stage.key_arn, ReplicaRegion=region)
    dynamodb = aws.client("dynamodb", home)
    for table in TABLES:
        if not table.replicated:
            continue
        name = names.resource(stage.name, table.name)
        found = dynamodb.describe_table(TableName=name)["Table"].get("Replicas", [])
        if region not in {replica["RegionName"] for replica in found}:
            create = [{"Create": {"RegionName": region}}]
            dynamodb.update_table(TableName=name, ReplicaUpdates=create)
