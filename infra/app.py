"""The CDK app: every stage and region asked for, as stacks `switchboard-<stage>-<region>-<domain>`.

`npx cdk deploy 'switchboard-prod-eu-west-1-*'` passes its patterns to this program, which
then makes only the stages and regions they can mean; without patterns, every cloud stage.
"""

import fnmatch
import json
import os
import sys

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra import bundling, names, settings
from infra.constructs.context import Place
from infra.functions import FUNCTIONS
from infra.queues import QUEUES
from infra.stacks.data import DataStack
from infra.stacks.domain import DomainStack
from infra.stacks.edge import EdgeStack
from infra.stacks.keys import KeysStack

_PATTERNS = "aws:cdk:bundling-stacks"  # what the CDK command line was asked for


def wanted(patterns: list[str]) -> list[tuple[str, str]]:
    """The (stage, region) pairs that any of `patterns` can name."""
    if any(pattern in ("*", "**") for pattern in patterns) or not patterns:
        only = os.environ.get("STAGE")
        stages = [only] if only else [name for name in settings.STAGES if name != "local"]
        patterns = [f"{names.PRODUCT}-{name}-*" for name in stages]
    found = []
    for name in settings.STAGES:
        # A pattern for another stage must not fail for this one's settings.
        if not any(f"-{name}-" in pattern or "*" in pattern[:14] for pattern in patterns):
            continue
        for region in settings.stage(name).regions:
            stacks = [names.stack(name, region, domain) for domain in names.DOMAINS]
            if any(fnmatch.filter(stacks, pattern) for pattern in patterns):
                found.append((name, region))
    return found


def add(app: cdk.App, stage: settings.Stage, region: str) -> None:
    """All stacks of one stage in one region, each depending on what it needs first."""
    target = (
        bundling.this_machine() if stage.emulated else bundling.lambda_arm64(require_bytecode=stage.require_bytecode)
    )
    place = Place(stage, region, target)
    environment = cdk.Environment(account=stage.account, region=region)

    def options(domain: str) -> dict[str, object]:
        # The bootstrap's publishing roles cannot be assumed where IAM is emulated.
        synthesizer = cdk.CliCredentialsStackSynthesizer() if stage.emulated else None
        return {
            "stack_name": names.stack(stage.name, region, domain),
            "env": environment,
            "synthesizer": synthesizer,
            "termination_protection": stage.retain,
            "tags": {"product": names.PRODUCT, "stage": stage.name, "domain": domain},
        }

    def name(domain: str) -> str:
        return names.stack(stage.name, region, domain)

    keys = KeysStack(app, name("keys"), place, **options("keys"))
    data = DataStack(app, name("data"), place, **options("data"))
    edge = EdgeStack(app, name("edge"), place, **options("edge"))
    for domain in names.DOMAINS[3:]:
        stack = DomainStack(
            app,
            name(domain),
            place,
            functions=[f for f in FUNCTIONS if f.domain == domain and bundling.exists(f.path)],
            queues=[q for q in QUEUES if q.domain == domain],
            api_id=edge.api_id,
            public_base_url=edge.public_base_url,
            key_arn=keys.key_arn,
            **options(domain),
        )
        stack.add_stack_dependency(data)


def build(pairs: list[tuple[str, str]], **options: object) -> cdk.App:
    """The app with the stacks of every (stage, region) pair; cdk-nag looks at all of them."""
    app = cdk.App(**options)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for name, region in pairs:
        add(app, settings.stage(name), region)
    return app


def main() -> int:
    """Synthesize for the CDK command line."""
    context = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
    try:
        pairs = wanted(context.get(_PATTERNS, []))
        build(pairs).synth()
    except (settings.SettingsError, bundling.BundlingError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
