"""The one key that wraps every tenant's data keys, and its replicas."""

from aws_cdk import Aws, CfnOutput, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.context import Place


class KeysStack(Stack):
    """A multi-Region key in the home region; elsewhere a replica of it.

    `key_arn` is the key as this region's functions use it.
    """

    def __init__(self, scope: Construct, name: str, place: Place, **kwargs: object) -> None:
        super().__init__(scope, name, **kwargs)
        stage = place.stage
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AccountDecidesByRoles",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
        if stage.is_home(place.region):
            primary = kms.CfnKey(
                self,
                "tenant",
                description="Wraps the data keys of tenants' secrets",
                multi_region=True,
                enable_key_rotation=True,
                key_policy=policy,
            )
            primary.apply_removal_policy(place.removal)
            self.key_arn = primary.attr_arn
            CfnOutput(self, "KeyArn", value=self.key_arn)
            key_id = primary.ref
        else:
            self.key_arn = stage.replica_key_arn(place.region)
            key_id = self.key_arn.rpartition("/")[2]
            # MiniStack replicates through its API only: infra/local does it.
            if not stage.emulated:
                replica = kms.CfnReplicaKey(
                    self, "tenant-replica", primary_key_arn=stage.replica_key_arn(stage.home_region), key_policy=policy
                )
                replica.apply_removal_policy(place.removal)
        kms.CfnAlias(self, "alias", alias_name=f"alias/{place.name('tenant')}", target_key_id=key_id)
