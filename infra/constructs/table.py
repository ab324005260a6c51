"""A DynamoDB table as all of ours are."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra import tables
from infra.constructs.context import Place


def table(scope: Construct, place: Place, spec: tables.Table) -> dynamodb.CfnGlobalTable:
    """On demand, point-in-time recovery, AWS-managed key, TTL; kept and protected by stage.

    A replicated table is made once, in the home region, with the replicas that already
    exist or are wanted next: CloudFormation adds one replica per update.
    """
    regions = [place.region]
    if spec.replicated and not place.stage.emulated:
        regions += [region for region in place.stage.replicated if region != place.region]
    attributes = {tables.PARTITION: "S", tables.SORT: "S"}
    for index in spec.indexes:
        attributes[index.partition] = "S"
        attributes[index.sort] = "N" if index.numeric_sort else "S"
    made = dynamodb.CfnGlobalTable(
        scope,
        spec.name,
        table_name=place.name(spec.name),
        billing_mode="PAY_PER_REQUEST",
        key_schema=_keys(tables.PARTITION, tables.SORT),
        attribute_definitions=[
            dynamodb.CfnGlobalTable.AttributeDefinitionProperty(attribute_name=name, attribute_type=kind)
            for name, kind in attributes.items()
        ],
        global_secondary_indexes=[
            dynamodb.CfnGlobalTable.GlobalSecondaryIndexProperty(
                index_name=index.name,
                key_schema=_keys(index.partition, index.sort),
                projection=dynamodb.CfnGlobalTable.ProjectionProperty(projection_type=index.projection),
            )
            for index in spec.indexes
        ]
        or None,
        sse_specification=dynamodb.CfnGlobalTable.SSESpecificationProperty(sse_enabled=True, sse_type="KMS"),
        time_to_live_specification=dynamodb.CfnGlobalTable.TimeToLiveSpecificationProperty(
            enabled=True, attribute_name=tables.TTL
        ),
        # Replication rides on streams; a table of one region has no use for one yet.
        stream_specification=dynamodb.CfnGlobalTable.StreamSpecificationProperty(stream_view_type="NEW_AND_OLD_IMAGES")
        if len(regions) > 1
        else None,
        replicas=[
            dynamodb.CfnGlobalTable.ReplicaSpecificationProperty(
                region=region,
                deletion_protection_enabled=place.stage.retain,
                point_in_time_recovery_specification=dynamodb.CfnGlobalTable.PointInTimeRecoverySpecificationProperty(
                    point_in_time_recovery_enabled=True
                ),
            )
            for region in regions
        ],
    )
    made.apply_removal_policy(place.removal)
    return made


def _keys(partition: str, sort: str) -> list[dynamodb.CfnGlobalTable.KeySchemaProperty]:
    return [
        dynamodb.CfnGlobalTable.KeySchemaProperty(attribute_name=partition, key_type="HASH"),
        dynamodb.CfnGlobalTable.KeySchemaProperty(attribute_name=sort, key_type="RANGE"),
    ]
