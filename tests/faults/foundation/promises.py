"""What must hold after a campaign, each promise a function from what was seen to sentences about where it broke."""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import standardwebhooks

from shared.core.ids import derived
from tests.faults.foundation.notifier import is_doomed, notice_id
from tests.faults.foundation.sink import DEAD, GOOD, Seen

TOLERANCE_MS = 300_000
"""Of every Standard Webhooks library."""
_SHOWN = 5


@dataclass(frozen=True)
class Endpoint:
    """As created."""

    id: str
    path: str
    secret: str


@dataclass(frozen=True)
class Facts:
    """Everything both ends saw."""

    source_id: str
    endpoints: dict[str, Endpoint]
    """By path."""
    sent: int
    acknowledged: set[int]
    seen: list[Seen]
    excused: set[str]
    """Deliveries and events that a kill or a restart interrupted."""
    dead_letters: list[str]
    notices: list[str]
    unfinished: int
    refused: list[str]

    def webhook_id(self, number: int) -> str:
        """Of a notification: derived, so it can be known beforehand."""
        return derived("msg", derived("evt", self.source_id, notice_id(number)))

    def delivery_id(self, number: int, path: str) -> str:
        """Of a notification at an endpoint."""
        return derived("dlv", self.webhook_id(number), self.endpoints[path].id)

    def path_of(self, number: int) -> str:
        """Where a notification belongs."""
        return DEAD if is_doomed(number) else GOOD


def broken(facts: Facts) -> list[str]:
    """Every broken promise; empty when all are kept."""
    checks = (_none_lost, _none_invented, _one_id_each, _duplicates_excused, _signed, _dead_letters, _work_done)
    return [sentence for check in checks for sentence in check(facts)] + facts.refused[:_SHOWN]


def arrived(facts: Facts) -> set[int]:
    """Numbers of the notifications that the sink took."""
    return {int(_notice(seen).rpartition("-")[2]) for seen in facts.seen if seen.taken}


def duplicates(facts: Facts) -> dict[tuple[str, str], int]:
    """Deliveries answered 200 more than once, and how often beyond."""
    counted = Counter((seen.path, seen.webhook_id) for seen in facts.seen if seen.answered)
    return {key: count - 1 for key, count in counted.items() if count > 1}


def _none_lost(facts: Facts) -> Iterable[str]:
    lost = sorted(facts.acknowledged - arrived(facts))
    if lost:
        yield f"{len(lost)} notifications were acknowledged and never arrived: {lost[:_SHOWN]}"
    if len(facts.acknowledged) < facts.sent:
        yield f"{facts.sent - len(facts.acknowledged)} notifications were never acknowledged"


def _none_invented(facts: Facts) -> Iterable[str]:
    invented = sorted(arrived(facts) - facts.acknowledged)
    if invented:
        yield f"{len(invented)} notifications arrived that nobody was told of: {invented[:_SHOWN]}"


def _one_id_each(facts: Facts) -> Iterable[str]:
    wrong = {_notice(s) for s in facts.seen if s.webhook_id != facts.webhook_id(int(_notice(s).rpartition("-")[2]))}
    if wrong:
        yield f"{len(wrong)} notifications came under another webhook-id than theirs: {sorted(wrong)[:_SHOWN]}"
    astray = {_notice(s) for s in facts.seen if s.path != facts.path_of(int(_notice(s).rpartition("-")[2]))}
    if astray:
        yield f"{len(astray)} notifications came to an endpoint that did not want them: {sorted(astray)[:_SHOWN]}"


def _duplicates_excused(facts: Facts) -> Iterable[str]:
    by_id = {(p, facts.webhook_id(n)): facts.delivery_id(n, p) for n in range(facts.sent) for p in (facts.path_of(n),)}
    unexcused = [key for key in duplicates(facts) if by_id.get(key) not in facts.excused]
    if unexcused:
        yield f"{len(unexcused)} deliveries came twice though nothing interrupted them: {unexcused[:_SHOWN]}"


def _signed(facts: Facts) -> Iterable[str]:
    for seen in facts.seen:
        reference = standardwebhooks.Webhook(facts.endpoints[seen.path].secret)
        moment = datetime.fromtimestamp(int(seen.timestamp), UTC)
        if reference.sign(seen.webhook_id, moment, seen.body.decode()) != seen.signature:
            yield f"{seen.webhook_id} was not signed with its endpoint's secret"
            return
        if abs(int(seen.timestamp) * 1000 - seen.at) > TOLERANCE_MS:
            yield f"{seen.webhook_id} was sent with a stale timestamp"
            return


def _dead_letters(facts: Facts) -> Iterable[str]:
    expected = {facts.delivery_id(n, DEAD) for n in range(facts.sent) if is_doomed(n)}
    if set(facts.dead_letters) != expected or len(facts.dead_letters) != len(expected):
        yield f"{len(expected)} deliveries were exhausted and {len(facts.dead_letters)} are listed as dead letters"
    told = {json.loads(body)["delivery_id"] for body in facts.notices}
    if told != expected:
        yield f"{len(expected)} deliveries were exhausted and {len(told)} came to the dead-letter queue"


def _work_done(facts: Facts) -> Iterable[str]:
    if facts.unfinished:
        yield f"{facts.unfinished} pieces of work are still due and nothing moves them"


def _notice(seen: Seen) -> str:
    name: str = json.loads(seen.body)["data"]["account"]
    return name


def leaks(planted: dict[str, str], dumps: dict[str, bytes]) -> list[str]:
    """Which planted secret is in which dump, in any of the forms it could take there."""
    found = []
    for name, secret in planted.items():
        for place, dump in dumps.items():
            if any(form in dump for form in _forms(secret)):
                found.append(f"the {name} is in {place}")
    return found


def blind(told: str, dumps: dict[str, bytes]) -> list[str]:
    """Dumps in which not even ``told`` is found, an id that is anything but secret: a search there finds nothing."""
    return [f"the search of {place} finds nothing at all" for place, dump in dumps.items() if told.encode() not in dump]


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    forms = {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode()}
    if secret.startswith("whsec_"):
        text = secret.removeprefix("whsec_")
        key = base64.b64decode(text)
        forms |= {text.encode(), key, key.hex().encode(), repr(key)[2:-1].encode()}
    return forms
