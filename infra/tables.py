"""The tables: keys, indexes and what is replicated. Fixed now, used later."""

from dataclasses import dataclass

PARTITION, SORT = "pk", "sk"
TTL = "expires_at"  # epoch seconds


@dataclass(frozen=True)
class Index:
    """A global secondary index; `numeric_sort` for due times in epoch milliseconds."""

    name: str
    partition: str
    sort: str
    projection: str
    numeric_sort: bool = False


# Sparse: only work that is due some day carries the attributes.
WORK = Index("work", "work_pk", "due_at", "KEYS_ONLY", numeric_sort=True)
LISTING = Index("listing", "list_pk", "list_sk", "ALL")


@dataclass(frozen=True)
class Table:
    """One concern's single table. A replicated one exists once and is copied to every region."""

    name: str
    indexes: tuple[Index, ...] = ()
    replicated: bool = True


TABLES = (
    Table("platform", (LISTING,)),
    Table("events", (WORK, LISTING)),
    Table("crm", (WORK, LISTING)),
    Table("llm", (WORK,)),
    Table("usage"),
    Table("audit"),
    Table("limits", (WORK,), replicated=False),
)
