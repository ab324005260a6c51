"""The CDK app: every stage and region asked for, as stacks `switchboard-<stage>-<region>-<domain>`.

The command line does not tell this program which stacks it was asked for, so every cloud
stage is made and what forbids a deploy is said of its stacks; STAGE and REGION save time.
"""

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


def wanted() -> list[tuple[str, str]]:
    """The (stage, region) pairs to make: STAGE and REGION narrow them, else every cloud stage."""
    only, region = os.environ.get("STAGE"), os.environ.get("REGION")
    stages = [only] if only else [name for name in settings.STAGES if name != "local"]
    return [(name, place) for name in stages for place in settings.stage(name).regions if region in ("", None, place)]


def add(app: cdk.App, stage: settings.Stage, region: str) -> None:
    """All stacks of one stage in one region, each depending on what it needs first."""
    target = bundling.this_machine() if stage.emulated else bundling.lambda_arm64()
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
    for problem in _problems(place):
        for stack in app.node.children:
            if stack.node.id.startswith(names.stack(stage.name, region, "")):
                cdk.Annotations.of(stack).add_error(problem)


def _problems(place: Place) -> list[str]:
    """Why these stacks may not be deployed now.

    Said of the stacks, not raised: the command line synthesizes all stages and then looks
    only at those it was asked for.
    """
    stage, found = place.stage, []
    if not stage.is_home(place.region) and stage.key_arn is None:
        found.append(
            f"{stage.name}.key_arn is unknown, so {place.region} cannot be made yet. Deploy the home region first: "
            f"make deploy STAGE={stage.name} REGION={stage.home_region}"
        )
    if stage.require_bytecode and place.target.compiler is None and os.environ.get("SOURCE_ONLY") != "1":
        found.append(
            f"python{bundling.RUNTIME_PYTHON} is not on PATH, so no bytecode can be shipped and every cold start "
            "would take 2.6 times as long. Install it, or accept that with SOURCE_ONLY=1."
        )
    return found


def empty(**options: object) -> cdk.App:
    """An app without stacks; cdk-nag looks at whatever is added."""
    app = cdk.App(**options)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def main() -> int:
    """Synthesize for the CDK command line."""
    try:
        app = empty()
        for name, region in wanted():
            add(app, settings.stage(name), region)
        app.synth()
    except settings.SettingsError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
