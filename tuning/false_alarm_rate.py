"""How often honest accounts are named, beside how often the knob says.

Simulates at least 100,000 active account-days of honest traffic (rhythm of day and week, bursts, growth,
autocorrelation, hard cases) and judges them with several settings of the knob, all in one pass; with a labelled corpus,
its honest accounts too. Account detectors get records without links, so that no account is a member of anything;
groups are judged beside, with everything on, in the first ``--group-days`` of each deployment, for what compares many
costs most. Run as ``python -m tuning.false_alarm_rate [CORPUS]``; writes
docs/figures/false_alarm_rate.csv, .png and false_alarms_by_kind.csv.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from detectors.campaigns import CampaignDetector
from detectors.spec import DetectorSpec, load_spec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from traffic.generate import mixture
from traffic.simulate import Simulation
from tuning.corpus import DAY_MS, Corpus, read_corpus
from tuning.curve import without_links
from tuning.figures import check_drawing, markdown, new_figure, write_figure, write_table
from tuning.judging import accounts_alone, with_numbers
from tuning.pipeline import account_buckets, fingerprinted
from tuning.scores import poisson_interval

NOMINAL_DAYS = (30, 365, 3_650)
GROUP_DAYS = 30
Closed = Iterable[tuple[int, list[AccountBucket]]]
"""Watermarks (milliseconds) and the records that they closed."""


@dataclass
class Honest:
    """What was seen of honest use from one source, and the false alarms on it.

    Parameters
    ----------
    account_days
        Days on which accounts were active, of all accounts.
    group_days
        Days in which groups were looked at, of all deployments.
    alarms
        By setting of the knob, alerts opened on accounts by kind of use.
    groups
        Alerts opened on groups with everything on, by the most frequent kind of use.
    members
        Accounts named as members of such a group.
    """

    source: str
    account_days: int = 0
    group_days: float = 0.0
    alarms: dict[int, Counter[str]] = field(default_factory=lambda: {nominal: Counter() for nominal in NOMINAL_DAYS})
    groups: Counter[str] = field(default_factory=Counter)
    members: int = 0


def specs() -> dict[int, DetectorSpec]:
    """Return the default specification with each setting of the knob."""
    return {
        nominal: with_numbers(accounts_alone(load_spec(None)), {"false_alarms.account_days_per_false_alarm": nominal})
        for nominal in NOMINAL_DAYS
    }


def observe(honest: Honest, closed: Closed, kinds: Mapping[str, str], group_days: int = GROUP_DAYS) -> None:
    """Judge one deployment and count alarms on its honest accounts, whose kinds are given; an alert counts once.

    Others may be among them: a group is honest when most of the accounts that it opens on are. Groups are judged in the
    first ``group_days`` only.
    """
    accounts = {nominal: CampaignDetector(spec) for nominal, spec in specs().items()}
    everything = CampaignDetector(load_spec(None))
    active: set[tuple[str, int]] = set()
    members: set[str] = set()
    until_ms = 0
    for watermark_ms, records in closed:
        if records and not until_ms:
            until_ms = (records[0].start_ms // DAY_MS + group_days) * DAY_MS
        active.update((r.account_id, r.start_ms // DAY_MS) for r in records if r.account_id in kinds)
        bare = [without_links(record) for record in records]
        for nominal, detector in accounts.items():
            for alert in _advanced(detector, bare, watermark_ms):
                if alert.status == "open" and alert.account_ids[0] in kinds:
                    honest.alarms[nominal][kinds[alert.account_ids[0]]] += 1
        early = [record for record in records if record.start_ms < until_ms]
        if not early and watermark_ms > until_ms:
            continue
        for alert in _advanced(everything, early, min(watermark_ms, until_ms)):
            if alert.kind == "campaign":
                found = Counter(kinds[account_id] for account_id in alert.account_ids if account_id in kinds)
                members.update(kinds.keys() & alert.account_ids)
                if alert.status == "open" and 2 * found.total() > len(alert.account_ids):
                    honest.groups[found.most_common(1)[0][0]] += 1
    honest.account_days += len(active)
    honest.group_days += len({day for _, day in active if day * DAY_MS < until_ms})
    honest.members += len(members)


def _advanced(detector: CampaignDetector, records: list[AccountBucket], watermark_ms: int) -> list[Alert]:
    for record in records:
        detector.observe(record)
    return detector.advance(watermark_ms)


def simulated(accounts: int, days: float, account_days: int, group_days: int) -> Iterator[Honest]:
    """Simulate deployments until so many account-days were active; yields what was seen after each."""
    honest = Honest("simulated")
    seed = 0
    while honest.account_days < account_days:
        seed += 1
        simulation = Simulation(mixture(accounts, days, 0, seed))
        kinds = {account_id: kind for account_id, (kind, *_) in simulation.accounts.items()}
        observe(honest, account_buckets(fingerprinted(simulation.events()), load_spec(None)), kinds, group_days)
        yield honest


def of_corpus(corpus: Corpus, group_days: int) -> Iterator[Honest]:
    """Judge the honest accounts of a labelled corpus as if nobody else had been there, then beside its campaigns."""
    kinds = corpus.truth.kinds
    for source, is_pure in (("corpus, honest only", True), ("corpus, with campaigns", False)):
        closed: dict[int, list[AccountBucket]] = {}
        for record in corpus.buckets:
            if not is_pure or record.account_id in kinds:
                closed.setdefault(record.end_ms, []).append(record)
        honest = Honest(source)
        observe(honest, closed.items(), kinds, group_days)
        yield honest


def rows_of(honest: Honest) -> list[dict[str, Any]]:
    """Return a row for each setting, and one for groups: nominal and realised days per false alarm, 95 % intervals."""
    counts = [(f"accounts, {nominal}", nominal, alarms.total(), honest.account_days)
              for nominal, alarms in honest.alarms.items()]  # fmt: skip
    nominal_days = load_spec(None).false_alarms.days_per_false_campaign
    rows = []
    for name, nominal, found, total in [*counts, ("groups", nominal_days, honest.groups.total(), honest.group_days)]:
        low, high = poisson_interval(found)
        rows.append({
            "source": honest.source, "of": name, "nominal_days": nominal, "observed_days": total, "false_alarms": found,
            "realised_days": round(total / found, 1) if found else "",
            "at_least": round(total / high, 1), "at_most": round(total / low, 1) if low else "",
            "ratio": round(total / found / nominal, 3) if found else "",
        })  # fmt: skip
    return rows


def shown(rows: Iterable[dict[str, Any]]) -> str:
    """Return the table for docs."""
    return markdown([
        {
            "honest traffic": row["source"], "of": row["of"].partition(",")[0],
            "days per false alarm asked for": f"{row['nominal_days']:,g}",
            "days observed": f"{row['observed_days']:,.0f}", "false alarms": row["false_alarms"],
            "realised (95 %)": f"{row['realised_days'] or 'none'} ({row['at_least']:,} to {row['at_most'] or 'any'})",
            "realised / asked for": row["ratio"],
        }
        for row in rows
    ])  # fmt: skip


def drawn(rows: list[dict[str, Any]]) -> None:
    """Draw realised against nominal, with the factor of two that is promised."""
    figure, [panel] = new_figure()
    nominal = list(NOMINAL_DAYS)
    panel.fill_between(nominal, [n / 2 for n in nominal], [2 * n for n in nominal], alpha=0.15, label="factor of two")
    panel.plot(nominal, nominal, "k--", linewidth=1, label="nominal")
    for colour, source in (("C1", "simulated"), ("C2", "corpus, honest only"), ("C3", "corpus, with campaigns")):
        own = [row for row in rows if row["source"] == source and row["of"] != "groups"]
        for row in own:
            middle = row["realised_days"] or row["at_least"]
            panel.plot([row["nominal_days"]] * 2, [row["at_least"], row["at_most"] or 10 * middle], f"{colour}-")
            panel.plot([row["nominal_days"]], [middle], f"{colour}{'o' if row['false_alarms'] else '^'}")
        if own:
            panel.plot([], [], f"{colour}o-", label=f"{source}, {own[0]['observed_days']:,} account-days")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("account-days per false alarm asked for")
    panel.set_ylabel("account-days per false alarm found")
    panel.set_title("Honest accounts named (95 % intervals)")
    panel.legend()
    click.echo(write_figure("false_alarm_rate", figure))


def by_kind(sources: Iterable[Honest]) -> list[dict[str, Any]]:
    """Return a row for each source, setting and kind of use that was named."""
    return [
        {"source": honest.source, "nominal_days": nominal, "kind": kind, "false_alarms": count}
        for honest in sources
        for nominal, alarms in [*honest.alarms.items(), ("groups", honest.groups)]
        for kind, count in alarms.most_common()
    ]


@click.command()
@click.argument(
    "folder", metavar="[CORPUS]", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--cache", type=click.Path(dir_okay=False, path_type=Path), help="File that keeps the read corpus.")
@click.option("--accounts", default=700, show_default=True, help="Accounts of a deployment.")
@click.option("--days", default=60.0, show_default=True, help="Days of a deployment.")
@click.option("--account-days", default=100_000, show_default=True, help="Simulate until so many were active.")
@click.option("--group-days", default=GROUP_DAYS, show_default=True, help="First days in which groups are judged, too.")
def main(
    folder: Path | None, cache: Path | None, accounts: int, days: float, account_days: int, group_days: int
) -> None:
    """Measure the rate of false alarms on honest traffic."""
    check_drawing()
    sources = list(of_corpus(read_corpus(folder, cache=cache), group_days)) if folder else []
    for honest in simulated(accounts, days, account_days, group_days):
        for row in rows_of(honest):
            click.echo(row)
        sources = [*(known for known in sources if known is not honest), honest]
    rows = [row for honest in sources for row in rows_of(honest)]
    click.echo(write_table("false_alarm_rate", rows))
    if kinds := by_kind(sources):
        click.echo(write_table("false_alarms_by_kind", kinds))
    drawn(rows)
    click.echo(f"\n{shown(rows)}")


if __name__ == "__main__":
    main()
