"""All scenarios at a glance, with figures: ``python -m tests.scenarios.table [PART OF A NAME]...``."""

import sys
from collections import Counter

from tests.scenarios.replaying import Outcome, replayed
from tests.scenarios.scenario_file import Named, folders, load


def told(outcome: Outcome, expected: Named) -> tuple[bool, str]:
    """Whether the campaigns are named in time, and how they fared."""
    is_met, parts = True, []
    for campaign_id, exchanges in outcome.exchanges.items():
        passed, leaked = outcome.before_first_naming(campaign_id), outcome.leaked(campaign_id)
        is_met &= passed is not None and passed <= expected.within_exchanges and leaked <= expected.leaked_at_most
        limits = f"(at most {expected.within_exchanges}, {expected.leaked_at_most:.0%})"
        parts.append(f"first named after {passed} of {len(exchanges)}, leaked {leaked:.0%} {limits}")
        parts.append(" ".join(sorted(outcome.detectors(campaign_id))))
    return is_met, "; ".join(parts)


def main(parts: list[str]) -> None:
    """Print a line for each scenario whose name has one of the parts in it, or for all."""
    for folder in folders():
        if parts and not any(part in folder for part in parts):
            continue
        scenario = load(folder)
        outcome = replayed(scenario)
        honest = {kind: len(accounts) for kind, accounts in outcome.honest_named().items()}
        if scenario.expect == "silent":
            is_met, text = not outcome.alerts, ""
        else:
            is_met, text = told(outcome, scenario.expect)
        is_met &= not honest
        kinds = dict(Counter(alert.kind for alert in outcome.alerts))
        print(f"{'ok ' if is_met else 'BAD'} {folder}: {text} honest named {honest} publications {kinds}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
