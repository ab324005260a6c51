"""Compares what the functions called on the emulator with what infra/functions.py grants, both ways.

    python -m tests.infra.grants record     from now on the emulator keeps every call
    python -m tests.infra.grants compare    non-zero when a grant was never used, or a call not granted

`make test` records while the end-to-end tests, the campaign and the demo run. What the
emulator does without the role is left out: polling queues, writing logs and traces.
"""

import hashlib
import json
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra import names
from infra.functions import FUNCTIONS
from infra.local import aws, stack_file
from infra.local.deploy import STAGE
from infra.local.paths import EMULATOR, ROOT_KEY

# (action, resource): ("dynamodb:GetItem", "platform"), ("sqs:SendMessage", "inbound"), ("kms:Decrypt", "key for llm")
Call = tuple[str, str]
Calls = dict[str, set[Call]]

_PREFIX = f"{names.PRODUCT}-{STAGE}-"
_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def record() -> None:
    """Have the emulator keep every API call, as CloudTrail would."""
    body = json.dumps({"cloudtrail._recording_enabled": "true"}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{EMULATOR}/_ministack/config", body), timeout=10):
        pass


def granted() -> Calls:
    """What the table of functions allows, by function."""
    found: Calls = {}
    for spec in FUNCTIONS:
        calls = {(f"dynamodb:{action}", table) for table, actions in spec.tables.items() for action in actions}
        calls |= {("dynamodb:Query", index) for index in spec.indexes}
        calls |= {("sqs:SendMessage", queue) for queue in spec.sends}
        calls |= {("kms:GenerateDataKey", f"key for {purpose}") for purpose in spec.seals}
        calls |= {("kms:Decrypt", f"key for {purpose}") for purpose in spec.opens}
        found[spec.path] = calls
    return found


def _first_signing_key(region: str) -> set[Call]:
    """What is called once in the life of an installation: its item is the evidence that it was."""
    kept = aws.client("dynamodb", region).query(
        TableName=f"{_PREFIX}platform",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "SIGNING#KEYS"}},
        Limit=1,
    )["Items"]
    return {("dynamodb:PutItem", "platform"), ("kms:GenerateDataKey", "key for signing")} if kept else set()


def _keys(region: str) -> dict[str, str]:
    """Access key -> function: the emulator derives a function's key from its own and its role's ARN."""
    lambda_ = aws.client("lambda", region)
    found = {}
    for spec in FUNCTIONS:
        name = names.function(STAGE, spec.path)
        versions = lambda_.list_versions_by_function(FunctionName=name)["Versions"]
        arn, role = versions[0]["FunctionArn"].removesuffix(":$LATEST"), versions[0]["Role"]
        # Versions that a deploy has replaced made calls too.
        last = max((int(v["Version"]) for v in versions if v["Version"].isdigit()), default=0)
        for qualified in (arn, f"{arn}:$LATEST", *(f"{arn}:{number}" for number in range(1, last + 1))):
            digest = hashlib.sha256(f"{qualified}:{role}".encode()).hexdigest()
            found[f"ASIA{digest[:16].upper()}"] = spec.path
    return found


def _lookup(region: str, until: float | None) -> list[dict[str, Any]]:
    """The 50 newest calls up to a moment. Signed by hand: botocore cuts a time to whole seconds."""
    body = json.dumps({"EndTime": until} if until else {})
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
    }
    signed = AWSRequest("POST", EMULATOR, headers=headers, data=body)
    SigV4Auth(Credentials(ROOT_KEY, ROOT_KEY), "cloudtrail", region).add_auth(signed)
    request = urllib.request.Request(EMULATOR, body.encode(), dict(signed.headers))
    with urllib.request.urlopen(request, timeout=30) as answer:
        events: list[dict[str, Any]] = json.load(answer)["Events"]
    return events


def _events(region: str) -> Iterator[dict[str, Any]]:
    """Every kept call, newest first; the emulator has no pages, so each next one ends where the last began."""
    seen: set[str] = set()
    until = None
    while True:
        fresh = [event for event in _lookup(region, until) if event["EventId"] not in seen]
        if not fresh:
            return
        seen.update(event["EventId"] for event in fresh)
        until = fresh[-1]["EventTime"]
        yield from fresh


def _calls(event: dict[str, Any]) -> Iterable[Call]:
    """What one API call needs to be granted."""
    service = event["EventSource"].split(".")[0]
    name = event["EventName"]
    parameters = json.loads(event["CloudTrailEvent"])["requestParameters"] or {}
    if service == "dynamodb" and name == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            [(kind, body)] = item.items()
            yield f"dynamodb:{_IN_TRANSACTION[kind]}", body["TableName"].removeprefix(_PREFIX)
    elif service == "dynamodb" and name == "BatchGetItem":
        for table in parameters["RequestItems"]:
            yield f"dynamodb:{name}", table.removeprefix(_PREFIX)
    elif service == "dynamodb":
        table = parameters["TableName"].removeprefix(_PREFIX)
        index = parameters.get("IndexName")
        yield f"dynamodb:{name}", f"{table}/{index}" if index else table
    elif service == "sqs":
        action = "SendMessage" if name == "SendMessageBatch" else name
        yield f"sqs:{action}", parameters["QueueUrl"].rpartition("/")[2].removeprefix(_PREFIX)
    elif service == "kms":
        yield f"kms:{name}", f"key for {parameters['EncryptionContext']['purpose']}"


def made() -> Calls:
    """What every function called since `record`."""
    found: Calls = defaultdict(set)
    streaming = next(f.path for f in FUNCTIONS if f.streaming)
    for region in stack_file.read()["regions"]:
        keys = _keys(region)
        for event in _events(region):
            key = event["AccessKeyId"]
            if key == ROOT_KEY:
                continue
            # The chat app runs beside the emulator: the only one whose role is assumed.
            found[keys.get(key, streaming)].update(_calls(event))
        found["identity/token"] |= _first_signing_key(region)
    return found


def compare() -> int:
    """Print every difference; 0 when there is none."""
    allowed, called = granted(), made()
    differences = [
        f"{path:<20} {sentence}: {action} {resource}"
        for path, grants in allowed.items()
        for sentence, found in (
            ("called without a grant", called.get(path, set()) - grants),
            ("granted but never called", grants - called.get(path, set())),
        )
        for action, resource in sorted(found)
    ]
    for line in differences:
        print(line)
    print(f"{sum(map(len, called.values()))} distinct calls, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["record"]:
        record()
    else:
        sys.exit(compare())
