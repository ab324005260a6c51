"""The chain under writers that meet at its head, and under an answer that got lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.adapters.dynamodb.audit import DynamoAudit
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable
from shared.core.audit import GENESIS, AuditEntry
from shared.core.scope import stored_scope
from tests.fakes.cloud import REGION, Cloud

ORG = stored_scope("org_1")


def entry(name: str) -> AuditEntry:
    """One deed."""
    return AuditEntry(name, "key_1", "req_1", 1_795_161_600_000)


def test_writers_that_meet_make_one_unbroken_chain(aws: Cloud) -> None:
    """Given eight processes that append at once, when all have, then one chain holds every entry."""
    table = aws.container().table("audit")

    def write(n: int) -> None:
        log = DynamoAudit(table, REGION)
        for m in range(5):
            log.append(ORG, entry(f"{n}.{m}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    records = DynamoAudit(table, REGION).page(ORG, limit=100, before=None)[::-1]
    assert [r.seq for r in records] == list(range(1, 41))
    assert [r.previous for r in records] == [GENESIS, *(r.hash for r in records[:-1])]
    assert len({r.entry.action for r in records}) == 40


def test_a_write_whose_answer_was_lost_is_not_written_twice(aws: Cloud) -> None:
    """Given a put that the client repeats by itself, when the repeat meets the first, then that is a success."""
    table = aws.container().table("audit")

    class Repeating(DynamoTable):
        def put(self, item: Any, **options: Any) -> None:
            super().put(item, **options)
            raise ConditionFailed(dict(item))

    DynamoAudit(Repeating(table.client, table.name), REGION).append(ORG, entry("once"))

    assert [r.entry.action for r in DynamoAudit(table, REGION).page(ORG, limit=10, before=None)] == ["once"]
