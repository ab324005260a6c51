"""Every table of a region: replicated ones in the home region, regional ones in each."""

from aws_cdk import Stack
from constructs import Construct

from infra.constructs.context import Place
from infra.constructs.table import table
from infra.tables import TABLES


class DataStack(Stack):
    """Replicated tables appear in other regions as replicas, made from the home region."""

    def __init__(self, scope: Construct, name: str, place: Place, **kwargs: object) -> None:
        super().__init__(scope, name, **kwargs)
        for spec in TABLES:
            if not spec.replicated or place.stage.is_home(place.region):
                table(self, place, spec)
