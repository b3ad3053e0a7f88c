"""What slow growth gains: an account that grows by some per cent a day teaches its own baseline.

Run as ``python -m tuning.poisoning``; writes docs/figures/poisoning.csv and .png.
"""

from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import click

from detectors.spec import load_spec
from traffic.catalogue import kind
from traffic.scenario import Population
from tuning.campaign_runs import run_campaign
from tuning.figures import check_drawing, new_figure, write_figure, write_table

GROWTHS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
STARTS = (6.0, 25.0)
DAYS = 35.0
_MOST_PER_DAY = 3_000


def attacker(growth: float, start: float) -> Population:
    """Return an account that begins with ``start`` requests a day and grows until it has 3,000 a day."""
    slow = kind("slow_ramp")
    harvest = slow.streams["harvest"]
    last_day = DAYS
    if growth > 0:
        day = 0
        while start * (1 + growth) ** day < _MOST_PER_DAY and day < DAYS:
            day += 1
        last_day = float(day)
    activity = replace(
        harvest.activity, growth_per_day=growth, requests_per_day=start, spread=0.0, last_day=last_day, burst_share=0.0
    )
    content = replace(harvest.content, languages=("en",))
    return replace(slow, streams={"harvest": replace(harvest, activity=activity, content=content)})


def measured(seeds: int) -> Iterator[dict[str, Any]]:
    """Yield one row for each growth, start and seed."""
    spec = load_spec(None)
    for start in STARTS:
        for growth in GROWTHS:
            for seed in range(seeds):
                run = run_campaign(attacker(growth, start), DAYS, seed, spec)
                days = run.days_until_named
                yield {
                    "start_per_day": start, "growth_per_day": growth, "seed": seed, "exchanges": run.exchanges,
                    "leaked": run.leaked, "days_until_named": "" if days is None else round(days, 2),
                }  # fmt: skip


def drawn(rows: list[dict[str, Any]]) -> None:
    """Draw the median of what leaks against growth, with its range; crosses where somebody was never named."""
    figure, [panel] = new_figure()
    for start in STARTS:
        medians, lows, highs = [], [], []
        for growth in GROWTHS:
            own = [row for row in rows if (row["start_per_day"], row["growth_per_day"]) == (start, growth)]
            leaked = [row["leaked"] for row in own]
            medians.append(median(leaked))
            lows.append(min(leaked))
            highs.append(max(leaked))
            if any(row["days_until_named"] == "" for row in own):
                panel.plot([100 * growth], [max(leaked)], "kx")
        percent = [100 * growth for growth in GROWTHS]
        panel.plot(percent, medians, "o-", label=f"from {start:.0f} requests a day")
        panel.fill_between(percent, lows, highs, alpha=0.2)
    panel.set_xscale("symlog", linthresh=3)
    panel.set_yscale("symlog", linthresh=10)
    panel.set_xlabel("growth per day (%)")
    panel.set_ylabel("exchanges before the account is named")
    panel.set_title(f"Slow poisoning over {DAYS:.0f} days (x: an account was never named)")
    panel.legend()
    click.echo(write_figure("poisoning", figure))


@click.command()
@click.option("--seeds", default=3, show_default=True)
def main(seeds: int) -> None:
    """Measure what slow growth gains."""
    check_drawing()
    rows = []
    for row in measured(seeds):
        click.echo(row)
        rows.append(row)
    click.echo(write_table("poisoning", rows))
    drawn(rows)


if __name__ == "__main__":
    main()
