"""What every stack of one stage and region shares: settings, names, bundles."""

import functools
from dataclasses import dataclass

from aws_cdk import Aws, RemovalPolicy

from infra import bundling, names
from infra.settings import Stage
from infra.tables import Index


@dataclass(frozen=True)
class Place:
    """One stage in one region."""

    stage: Stage
    region: str
    target: bundling.Target

    @property
    def removal(self) -> RemovalPolicy:
        """Of anything that holds data."""
        return RemovalPolicy.RETAIN if self.stage.retain else RemovalPolicy.DESTROY

    def name(self, resource: str) -> str:
        """The physical name of a resource."""
        return names.resource(self.stage.name, resource)

    def table_arn(self, table: str) -> str:
        """A table by name: every region has it under the same one."""
        return f"arn:{Aws.PARTITION}:dynamodb:{self.region}:{Aws.ACCOUNT_ID}:table/{self.name(table)}"

    def index_arn(self, table: str, index: Index | str) -> str:
        """An index of a table, for Query."""
        return f"{self.table_arn(table)}/index/{index if isinstance(index, str) else index.name}"

    def queue_arn(self, queue: str) -> str:
        """A queue by name."""
        return f"arn:{Aws.PARTITION}:sqs:{self.region}:{Aws.ACCOUNT_ID}:{self.name(queue)}"

    def queue_url(self, queue: str) -> str:
        """A queue's URL: SQS builds it from region, account and name."""
        return f"https://sqs.{self.region}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{self.name(queue)}"

    @functools.cached_property
    def alarm_topic(self) -> str | None:
        """Where alarms of this region go, if anywhere."""
        return self.stage.alarm_topics.get(self.region)
