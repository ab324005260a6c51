"""`make prove AREA=foundation [SCALE=full] [MUTANTS=1]`: nothing acknowledged is lost, whatever is killed.

Real handlers in processes of their own, over a MiniStack of the campaign's own, under the campaign's clock. Exits 1
when a promise breaks, and, with mutants, when a planted fault goes unnoticed.
"""

import argparse
import os
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.foundation.campaign import Outcome

NOTIFICATIONS = {"default": 300, "full": 2000}
FOR_A_MUTANT = 100
FEWEST_KILLS = 5
"""A campaign that killed nobody proved nothing."""


def main() -> int:
    """0 when every promise held and every mutant was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", choices=NOTIFICATIONS, default=os.environ.get("SCALE") or "default")
    parser.add_argument("--mutants", action="store_true", default=os.environ.get("MUTANTS", "") not in ("", "0"))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--notifications", type=int, help="instead of the scale's")
    parser.add_argument("--deployed", action="store_true", help="also across `make up`'s stack, as at full scale")
    options = parser.parse_args()
    # Imported here: each killed process' successor imports this module again.
    from tests.faults.foundation.campaign import Plan, run
    from tests.faults.foundation.mutants import MUTANTS

    print(f"seed {options.seed}", flush=True)
    if not options.mutants:
        with ThreadPoolExecutor(1) as beside:  # it waits for leases most of its time
            crossing = beside.submit(
                _deployed if options.deployed or options.scale == "full" else _left_out, options.seed
            )
            outcome = run(Plan(options.seed, options.notifications or NOTIFICATIONS[options.scale]))
            _tell(outcome)
            return _judged(outcome) | crossing.result()
    missed = []
    for mutant in MUTANTS:
        outcome = run(Plan(options.seed, options.notifications or FOR_A_MUTANT, restart=False, mutant=mutant))
        noticed = outcome.broken[0] if outcome.broken else "NOT NOTICED"
        print(f"mutant {mutant:<24} {outcome.seconds:5.0f} s  {noticed}", flush=True)
        missed += [] if outcome.broken else [mutant]
    print(f"{len(MUTANTS) - len(missed)} of {len(MUTANTS)} mutants caught")
    return 1 if missed else 0


def _left_out(_seed: int) -> int:
    """At the default scale: real time and the emulator's own faults under SIGKILL make it unfit for a gate."""
    print("deployed part left out: SCALE=full or --deployed runs it")
    return 0


def _deployed(seed: int) -> int:
    """The part that needs a running stack."""
    from tests.faults.foundation import deployed

    if not deployed.standing():
        print("deployed part left out: no stack is up (`make up`)")
        return 0
    seen = deployed.run(seed)
    kills = ", ".join(f"{name} {count}" for name, count in sorted(seen.kills.items())) or "nobody, none was found"
    print(f"deployed {len(seen.acknowledged)} ids acknowledged, {len(seen.taken)} taken, {seen.thefts} messages stolen")
    print(f"         SIGKILL {kills}; {seen.repeats} repeats; {seen.seconds:.0f} seconds")
    for sentence in seen.broken():
        print(f"BROKEN   {sentence}")
    return 1 if seen.broken() else 0


def _tell(outcome: "Outcome") -> None:
    from tests.faults.foundation import promises

    facts = outcome.facts
    repeated = promises.duplicates(facts)
    kills = ", ".join(f"{name} {count}" for name, count in sorted(outcome.kills.items()))
    print(f"client   {len(facts.acknowledged)} ids acknowledged, after {outcome.repeats} unanswered or failed requests")
    print(f"sink     {len(promises.arrived(facts))} ids taken in {len(facts.seen)} requests")
    print(f"twice    {len(repeated)} deliveries came more than once, each under its one webhook-id")
    print(f"dead     {len(facts.dead_letters)} exhausted, listed, told to the dead-letter queue, replayed")
    print(f"SIGKILL  {sum(outcome.kills.values())}: {kills}")
    print(f"SIGTERM  the emulator, {outcome.restarts} time(s), restarted on its state")
    print(f"time     {outcome.hours:.1f} hours in {outcome.seconds:.0f} seconds, {outcome.sweeps} sweeps")


def _judged(outcome: "Outcome") -> int:
    found = list(outcome.broken)
    if sum(outcome.kills.values()) < FEWEST_KILLS:
        found.append(f"fewer than {FEWEST_KILLS} processes were killed: nothing was proven")
    for sentence in found:
        print(f"BROKEN   {sentence}")
    if not found:
        print("kept     none lost, none invented, ids stable, repeats excused, signatures good, no secret leaked")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
