"""Organizations in the ``platform`` table."""

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.errors import Conflict
from shared.core.scope import OrgScope, stored_scope
from shared.identity.keys import Mode
from shared.identity.organizations import Organization


class DynamoOrganizations:
    """The :class:`shared.identity.organizations.Organizations`."""

    def __init__(self, table: DynamoTable, region: str) -> None:
        """Of the ``platform`` table."""
        self._table = table
        self._region = region

    def create(self, organization: Organization) -> None:
        """One put."""
        pk, sk = keys.organization(stored_scope(organization.id))
        item = {
            "pk": pk,
            "sk": sk,
            **stamped("organization", 1, organization.id, self._region, organization.created_at),
            "name": organization.name,
            "mode": organization.mode.value,
            "parent": organization.parent,
        }
        try:
            self._table.put(item)
        except ConditionFailed as error:
            message = "the organization exists"
            raise Conflict(message) from error

    def mode(self, org: OrgScope) -> Mode:
        """One read. A key outlives its organization's item only while it is being erased: then it is a live one's."""
        item = self._table.get(*keys.organization(org))
        return Mode(item["mode"]) if item else Mode.LIVE
