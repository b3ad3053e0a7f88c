"""How often honest accounts are named, beside how often the knob says.

Simulates at least 100,000 active account-days of honest traffic (rhythm of day and week, bursts, growth,
autocorrelation, hard cases), and judges them with several settings of the knob. Run as
``python -m tuning.false_alarm_rate``; writes docs/figures/false_alarm_rate.csv, .png and false_alarms_by_kind.csv.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from detectors.spec import DetectorSpec, load_spec
from schemas.account_bucket import AccountBucket
from traffic.generate import mixture
from traffic.simulate import Simulation
from tuning.figures import new_figure, write_figure, write_table
from tuning.pipeline import account_buckets, fingerprinted, judged

NOMINAL_DAYS = (30, 365, 3_650)
_DAY_MS = 86_400_000


@dataclass
class Tally:
    """False alarms of one setting of the knob."""

    accounts: int = 0
    campaigns: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class Deployments:
    """All simulated deployments together."""

    account_days: int = 0
    days: float = 0.0
    events: int = 0
    tallies: dict[int, Tally] = field(default_factory=lambda: {nominal: Tally() for nominal in NOMINAL_DAYS})


def specs() -> list[DetectorSpec]:
    """Return the default specification with each setting of the knob."""
    known = load_spec(None)
    return [
        known.model_copy(
            update={"false_alarms": known.false_alarms.model_copy(update={"account_days_per_false_alarm": nominal})}
        )
        for nominal in NOMINAL_DAYS
    ]


def observe(deployments: Deployments, accounts: int, days: float, seed: int) -> None:
    """Simulate one deployment and count its false alarms; an account or group counts once for each alert opened."""
    simulation = Simulation(mixture(accounts, days, 0, seed))
    active: set[tuple[str, int]] = set()
    buckets = _counted(account_buckets(fingerprinted(simulation.events()), load_spec(None)), active)
    for number, alert in judged(buckets, specs()):
        tally = deployments.tallies[NOMINAL_DAYS[number]]
        if alert.status != "open":
            continue
        if alert.kind == "account":
            tally.accounts += 1
            tally.kinds[simulation.accounts[alert.account_ids[0]][0]] += 1
        else:
            tally.campaigns += 1
            tally.kinds[
                f"group of {Counter(simulation.accounts[a][0] for a in alert.account_ids).most_common(1)[0][0]}"
            ] += 1
    deployments.account_days += len(active)
    deployments.days += days
    deployments.events += sum(simulation.events_by_account.values())


def _counted(
    buckets: Iterator[tuple[int, list[AccountBucket]]], active: set[tuple[str, int]]
) -> Iterator[tuple[int, list[AccountBucket]]]:
    for watermark_ms, records in buckets:
        active.update((record.account_id, record.start_ms // _DAY_MS) for record in records)
        yield watermark_ms, records


def rate_interval(count: int) -> tuple[float, float]:
    """Return a 95 % interval of a Poisson mean from one count (Byar's approximation)."""
    low = count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    above = count + 1
    return low, above * (1 - 1 / (9 * above) + 1.96 / (3 * math.sqrt(above))) ** 3


def rows_of(deployments: Deployments) -> list[dict[str, Any]]:
    """Return a row for each setting: nominal and realised account-days per false alarm, with a 95 % interval."""
    rows = []
    for nominal, tally in deployments.tallies.items():
        low, high = rate_interval(tally.accounts)
        total = deployments.account_days
        found = tally.accounts
        rows.append({
            "nominal_account_days": nominal, "account_days": total, "false_alarms": found,
            "realised_account_days": round(total / found, 1) if found else "",
            "at_least": round(total / high, 1), "at_most": round(total / low, 1) if low else "",
            "ratio": round(total / found / nominal, 3) if found else "",
            "false_campaigns": tally.campaigns, "deployment_days": deployments.days,
        })  # fmt: skip
    return rows


def drawn(rows: list[dict[str, Any]]) -> None:
    """Draw realised against nominal, with the factor of two that is promised."""
    figure, [panel] = new_figure()
    nominal = [row["nominal_account_days"] for row in rows]
    panel.fill_between(nominal, [n / 2 for n in nominal], [2 * n for n in nominal], alpha=0.15, label="factor of two")
    panel.plot(nominal, nominal, "k--", linewidth=1, label="nominal")
    for row in rows:
        middle = row["realised_account_days"] or row["at_least"]
        top = row["at_most"] or 10 * middle
        panel.plot([row["nominal_account_days"]] * 2, [row["at_least"], top], "C1-")
        panel.plot([row["nominal_account_days"]], [middle], "C1o" if row["false_alarms"] else "C1^")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("account-days per false alarm asked for")
    panel.set_ylabel("account-days per false alarm found")
    panel.set_title(f"{rows[0]['account_days']:,} simulated honest account-days (95 % intervals)")
    panel.legend()
    click.echo(write_figure("false_alarm_rate", figure))


@click.command()
@click.option("--accounts", default=700, show_default=True, help="Accounts of a deployment.")
@click.option("--days", default=60.0, show_default=True, help="Days of a deployment.")
@click.option("--account-days", default=100_000, show_default=True, help="Simulate until so many were active.")
def main(accounts: int, days: float, account_days: int) -> None:
    """Measure the rate of false alarms on honest traffic."""
    deployments = Deployments()
    seed = 0
    while deployments.account_days < account_days:
        seed += 1
        observe(deployments, accounts, days, seed)
        for row in rows_of(deployments):
            click.echo(row)
    click.echo(write_table("false_alarm_rate", rows_of(deployments)))
    kinds = [
        {"nominal_account_days": nominal, "kind": name, "false_alarms": count}
        for nominal, tally in deployments.tallies.items()
        for name, count in tally.kinds.most_common()
    ]
    if kinds:
        click.echo(write_table("false_alarms_by_kind", kinds))
    drawn(rows_of(deployments))


if __name__ == "__main__":
    main()
