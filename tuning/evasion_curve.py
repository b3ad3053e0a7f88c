"""How much a campaign gets before it is named: accounts x requests per account and day x share of harvesting.

Run as ``python -m tuning.evasion_curve``; writes docs/figures/evasion_curve.csv and .png.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import click

from detectors.spec import load_spec
from traffic.catalogue import kind
from traffic.rhythm import Activity
from traffic.scenario import Content, Population, Scenario, Stream
from traffic.simulate import Simulation
from tuning.campaign_runs import run_campaign
from tuning.figures import check_drawing, new_figure, write_figure, write_table

ACCOUNTS = (1, 5, 20, 60, 200, 600)
REQUESTS = (2, 5, 15, 26, 80, 500)
SHARES = (1.0, 0.3, 0.1)
WRAPPERS = ("fixed", "none")
DISCLOSED_RATES = {"16,000 requests over 4,000 users in two days": 2, "28.8 M over 25,000 accounts in 45 days": 26}
DAYS = 14.5
FIRST_DAY = 7.0
"""A Monday, after a whole week of the honest accounts alone."""
_MOST_EVENTS = 16_000
_LONGEST_WALK = 0.4
_PROBED_EVENTS = 20_000


def campaign(accounts: int, requests: float, share: float, wrapper: str, seed: int) -> Population:
    """Return a campaign over strangers' networks; the rest of its accounts' requests is ordinary chat.

    Its accounts send as often as named while they are there, whatever hours and days of the week the run has and
    however busy those are that this seed draws; how a few accounts' days vary is left to chance.
    """
    plan = _planned(accounts, requests, share, wrapper)
    faster = max(1.0, _PROBED_EVENTS / (requests * account_days(plan)))
    simulation = Simulation(Scenario((_at_rates(plan, faster, faster, noise=0),), days=DAYS, seed=seed))
    events = sum(1 for _ in simulation.events())
    harvested = len(simulation.attack_events)
    expected = faster * requests * account_days(plan)
    cover = (1 - share) * expected / (events - harvested) if share < 1 else 1.0
    return _at_rates(plan, share * expected / harvested, cover)


def account_days(population: Population) -> float:
    """Days that a campaign's accounts are there, of all of them: they begin one after the other."""
    activity = population.streams["harvest"].activity
    return population.accounts * ((activity.last_day or DAYS) - activity.first_day - activity.arrive_over_days / 2)


def _at_rates(plan: Population, harvest: float, cover: float, noise: float | None = None) -> Population:
    """Return the campaign with the rates of its streams so many times as high, and another noise if one is given."""
    streams = {}
    for name, part in plan.streams.items():
        rate = part.activity.requests_per_day * (harvest if part.is_harvest else cover)
        activity = replace(part.activity, requests_per_day=rate)
        streams[name] = replace(part, activity=activity if noise is None else replace(activity, noise=noise))
    return replace(plan, streams=streams)


def _planned(accounts: int, requests: float, share: float, wrapper: str) -> Population:
    last_day = min(DAYS, FIRST_DAY + _MOST_EVENTS / (accounts * requests))
    activity = Activity(
        rhythm="busy_hours", sitting=2, gap_seconds=90, active_share=1, spread=0.3, noise=0.3, burst_share=0,
        first_day=FIRST_DAY, last_day=last_day, arrive_over_days=min(1.0, last_day - FIRST_DAY) * _LONGEST_WALK,
    )  # fmt: skip
    content = Content(source="list", is_shared=True, domains=4, wrapper=wrapper, languages=("en",))
    streams = {
        "harvest": Stream(
            replace(activity, requests_per_day=requests * share), content, is_harvest=True, has_conversations=False
        )
    }
    if share < 1:
        cover = replace(activity, requests_per_day=requests * (1 - share))
        streams["cover"] = Stream(cover, Content(domains=3, sloppiness=0.3))
    return replace(kind("hydra"), accounts=accounts, streams=streams)


def measured(shares: Sequence[float], wrappers: Sequence[str], seed: int) -> Iterator[dict[str, Any]]:
    """Yield one row for each point of the grid that lasts at least half a day."""
    spec = load_spec(None)
    for wrapper, share, accounts, requests in product(wrappers, shares, ACCOUNTS, REQUESTS):
        if accounts * requests > 2 * _MOST_EVENTS:
            continue
        population = campaign(accounts, requests, share, wrapper, seed)
        run = run_campaign(population, DAYS, seed, spec)
        yield {
            "wrapper": wrapper, "share": share, "accounts": accounts, "requests_per_day": requests,
            "sent_per_day": round(run.exchanges / share / account_days(population), 1),
            "exchanges": run.exchanges, "leaked": run.leaked,
            "leaked_ratio": round(run.leaked / run.exchanges, 4) if run.exchanges else "",
            "before_first": "" if run.before_first is None else run.before_first,
            "accounts_named": run.accounts_named, "honest_named": run.honest_named,
        }  # fmt: skip


def drawn(rows: Sequence[dict[str, Any]], wrapper: str) -> None:
    """Draw the exchanges that leak, a panel for each share of harvesting."""
    shares = sorted({row["share"] for row in rows}, reverse=True)
    figure, panels = new_figure(len(shares), width=4.6 * len(shares))
    for panel, share in zip(panels, shares, strict=True):
        panel.grid(visible=False)
        for row in rows:
            if (row["wrapper"], row["share"]) == (wrapper, share) and row["exchanges"]:
                place = ACCOUNTS.index(row["accounts"]), REQUESTS.index(row["requests_per_day"])
                is_blind = row["before_first"] == ""
                panel.scatter(
                    *place, s=900, marker="s", c=[math.log10(max(row["leaked"], 1))], cmap="YlOrRd", vmin=1, vmax=4.5,
                    edgecolors="black" if is_blind else "none", linewidths=2,
                )  # fmt: skip
                panel.annotate(
                    f"{row['leaked']:,}\n{row['leaked_ratio']:.0%}", place, ha="center", va="center", fontsize=7
                )
        panel.set_xticks(range(len(ACCOUNTS)), [str(value) for value in ACCOUNTS])
        panel.set_yticks(range(len(REQUESTS)), [str(value) for value in REQUESTS])
        panel.set_xlim(-0.6, len(ACCOUNTS) - 0.4)
        panel.set_ylim(-0.6, len(REQUESTS) - 0.4)
        panel.set_xlabel("accounts")
        panel.set_ylabel("requests per account and day")
        panel.set_title(f"{share:.0%} of the requests harvest")
    figure.suptitle(f"Exchanges that leak before their account is named, wrapper: {wrapper} (framed: never named)")
    click.echo(write_figure(f"evasion_curve_{wrapper}", figure))


@click.command()
@click.option("--seed", default=7, show_default=True)
@click.option("--share", "shares", type=float, multiple=True, default=SHARES, show_default=True)
@click.option("--wrapper", "wrappers", multiple=True, default=WRAPPERS, show_default=True)
def main(seed: int, shares: tuple[float, ...], wrappers: tuple[str, ...]) -> None:
    """Measure the evasion curve."""
    check_drawing()
    rows = []
    for row in measured(shares, wrappers, seed):
        click.echo(row)
        rows.append(row)
    click.echo(write_table("evasion_curve", rows))
    for wrapper in wrappers:
        drawn(rows, wrapper)


if __name__ == "__main__":
    main()
