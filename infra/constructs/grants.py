"""The policy of one function's role: every action and resource it may use, spelled out."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from infra import names
from infra.constructs.context import Place
from infra.functions import QUERY, Function
from infra.queues import QUEUES

_CONSUME = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")


def _allow(service: str, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[f"{service}:{action}" for action in actions], resources=resources)


def _logs(place: Place, name: str) -> iam.PolicyStatement:
    """To its own log group, which the stack makes: no CreateLogGroup."""
    arn = f"arn:{Aws.PARTITION}:logs:{place.region}:{Aws.ACCOUNT_ID}:log-group:/aws/lambda/{name}:*"
    return _allow("logs", ["CreateLogStream", "PutLogEvents"], [arn])


def _key(place: Place, action: str, purposes: frozenset[str], key_arn: str) -> iam.PolicyStatement:
    """One use of the tenant key, for data keys of these purposes only."""
    allowed = _allow("kms", [action], [key_arn])
    # The emulator's evaluator never sees the encryption context (MiniStack 1.5.33): with the condition it would
    # refuse every call. tests/infra/grants.py compares purposes with calls there instead.
    if not place.stage.emulated:
        allowed.add_condition("StringEquals", {"kms:EncryptionContext:purpose": sorted(purposes)})
    return allowed


def statements(place: Place, name: str, spec: Function, key_arn: str | None) -> list[iam.PolicyStatement]:
    """What `spec` of infra/functions.py allows, in this place, to the function called `name`."""
    found = [
        _logs(place, name),
        # Trace segments belong to no resource that a policy could name.
        _allow("xray", ["PutTraceSegments", "PutTelemetryRecords"], ["*"]),
    ]
    found += [
        _allow("dynamodb", sorted(actions), [place.table_arn(table)]) for table, actions in sorted(spec.tables.items())
    ]
    if spec.indexes:
        arns = [place.index_arn(*index.split("/")) for index in spec.indexes]
        found.append(_allow("dynamodb", [QUERY], arns))
    if spec.sends:
        found.append(_allow("sqs", ["SendMessage"], [place.queue_arn(q) for q in spec.sends]))
    if key_arn:
        uses = (("GenerateDataKey", spec.seals), ("Decrypt", spec.opens))
        found += [_key(place, action, purposes, key_arn) for action, purposes in uses if purposes]
    found += [
        _allow("sqs", list(_CONSUME), [place.queue_arn(queue.name)]) for queue in QUEUES if queue.name == spec.consumes
    ]
    return found


def environment(place: Place, spec: Function, key_arn: str | None) -> dict[str, str]:
    """The variables that go with the grants, and no others."""
    tables = sorted({*spec.tables, *(index.split("/")[0] for index in spec.indexes)})
    variables = {names.table_key(table): place.name(table) for table in tables}
    variables |= {names.queue_key(queue): place.queue_url(queue) for queue in spec.sends}
    if spec.uses_key and key_arn:
        variables["KMS_KEY_ARN"] = key_arn
    if spec.outbound:
        variables["EGRESS_ALLOW"] = ",".join(place.stage.egress_allow)
    if spec.path == "crm/sync":
        variables["HUBSPOT_BASE_URL"] = place.stage.hubspot_base_url or ""
    if spec.answers:
        variables["CORS_ORIGINS"] = ",".join(place.stage.cors_origins)
        variables["HOURLY_LIMIT"] = str(place.stage.hourly_limit)
    return {name: value for name, value in variables.items() if value}
