"""`.local/stack.json`: what tests, the demo and people need to call the running stack."""

import json
from typing import Any

from infra.local.paths import EMULATOR, STACK_FILE
from infra.local.servers import Region


def write(regions: list[Region], seeded: dict[str, Any]) -> dict[str, Any]:
    """Write the file and return what it holds; the home region and first organization on top."""
    home, organizations = regions[0], seeded.get("orgs", [])
    stack: dict[str, Any] = {
        "base_url": home.base_url,
        "llm_base_url": f"{home.base_url}/llm/v1",
        "raw_url": home.http_api,
        "emulator": EMULATOR,
        "region": home.name,
        "regions": {
            region.name: {
                "base_url": region.base_url,
                "llm_base_url": f"{region.base_url}/llm/v1",
                "raw_url": region.http_api,
            }
            for region in regions
        },
        "orgs": organizations,
        "hooks": seeded.get("hooks", {}),
    }
    if organizations:
        stack["org_id"] = organizations[0]["id"]
        stack["api_key"] = organizations[0]["api_key"]
    STACK_FILE.write_text(json.dumps(stack, indent=2) + "\n")
    return stack


def read() -> dict[str, Any]:
    """What the last `make up` wrote. Raises FileNotFoundError before the first."""
    found: dict[str, Any] = json.loads(STACK_FILE.read_text())
    return found


def show(stack: dict[str, Any], took_s: float) -> None:
    """Addresses, the key, and lines that work as pasted."""
    base, key = stack["base_url"], stack.get("api_key", "")
    print(f"\nSwitchboard is up ({took_s:.1f} s)\n")
    for name, region in stack["regions"].items():
        print(f"  {name:<12} {region['base_url']}/v1   and {region['llm_base_url']} for OpenAI clients")
    print(f"  key          {key}")
    print("  all of it    .local/stack.json\n")
    print(f"  curl {base}/v1/health")
    print(f"  curl {base}/v1/api-keys -H 'Authorization: Bearer {key}'")
    print(
        f"  curl {base}/v1/agora/tokens -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n"
        """    -d '{"kind": "rtc", "channel": "lobby", "uid": 7, "role": "publisher", "ttl_seconds": 600}'\n"""
    )
    print("  make demo    the four jobs, end to end        make down    stop, keep the data")
