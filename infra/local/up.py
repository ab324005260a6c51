"""`make up`: from nothing to a running stack, or from a running one to the same, faster."""

import time

from infra import settings
from infra.local import deploy, ministack, redeploy, seed, servers, stack_file
from infra.local.paths import STATE
from infra.local.steps import step


def up() -> None:
    """Emulator, deploy, organizations, edge; then what to paste."""
    began = time.monotonic()
    with step("MiniStack (AWS on this machine, IAM enforced)"):
        ministack.start()
    deploy.deploy()
    stage = settings.stage(deploy.STAGE)
    redeploy.settle(stage)
    regions = servers.regions(stage)
    with step("edge and chat app"):
        for region in regions:
            servers.start(stage, region)
        for region in regions:
            servers.wait(f"{region.chat_url}/ready", f"chat-{region.name}")
            servers.wait(f"{region.base_url}/v1/health", f"edge-{region.name}")
    organizations = seed.organizations(stage, regions[0], STATE / "seed.json")
    stack = stack_file.write(regions, organizations)
    stack_file.show(stack, time.monotonic() - began)
