"""What leaks against honest accounts named, over the range of the knob.

Both knobs move together, by factors of their defaults. Account detectors alone get records without links and search for
none that are alike, so no account is named as a member and none waits for a campaign. Run as ``python -m tuning.curve
CORPUS``; writes docs/figures/curve.csv and .png.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from detectors.spec import DetectorSpec, load_spec
from schemas.account_bucket import AccountBucket
from tuning.corpus import Corpus, corpus_options, read_corpus
from tuning.figures import check_drawing, markdown, new_figure, write_figure, write_table
from tuning.judging import accounts_alone, judged, judged_records, with_numbers
from tuning.scores import Score, poisson_interval, scored

FACTORS = (1 / 64, 1 / 16, 1 / 4, 1 / 2, 1.0, 1.25, 2.0, 4.0, 16.0, 64.0)
AIMS = ((0.5, 0.2), (0.25, 0.08))
"""Honest accounts named per 1,000 account-days, and what may leak at that."""
_LIMITS = {"account_days_per_false_alarm": (10.0, 1_000_000.0), "days_per_false_campaign": (0.1, 100_000.0)}


def at_factor(spec: DetectorSpec, factor: float) -> DetectorSpec:
    """Return the specification with both knobs so many times as strict, as far as they go."""
    known = spec.false_alarms.model_dump()
    return with_numbers(
        spec,
        {
            f"false_alarms.{name}": min(highest, max(lowest, known[name] * factor))
            for name, (lowest, highest) in _LIMITS.items()
        },
    )


def without_links(record: AccountBucket) -> AccountBucket:
    """Return the record of an account that shares nothing with anybody."""
    return msgspec.structs.replace(record, links=[])


def alone(corpus: Corpus, spec: DetectorSpec) -> Score:
    """Judge the account detectors by themselves."""
    alerts = judged_records(corpus.buckets, corpus.watermark_ms, accounts_alone(spec), change=without_links)
    return scored(corpus.truth, alerts)


def row_of(spec: DetectorSpec, detectors: str, score: Score) -> dict[str, Any]:
    """Return a point of the curve; intervals are 95 %."""
    low, high = score.false_interval
    groups_low, groups_high = poisson_interval(len(score.groups))
    return {
        "detectors": detectors,
        "account_days": round(spec.false_alarms.account_days_per_false_alarm, 1),
        "campaign_days": round(spec.false_alarms.days_per_false_campaign, 2),
        "leaked": round(score.macro, 4),
        **{family: round(leaked, 4) for family, leaked in score.by_family.items()},
        "found": round(score.found_ratio, 4),
        "named_alone": len(score.alone), "named_as_members": len(score.as_members),
        "false_per_1000": round(score.false_per_1000, 3), "at_least": round(low, 3), "at_most": round(high, 3),
        "honest_groups": len(score.groups), "groups_at_least": round(groups_low, 1),
        "groups_at_most": round(groups_high, 1),
    }  # fmt: skip


def measured(corpus: Corpus, factors: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Yield the account detectors alone and everything on, for each setting of the knob."""
    for factor in factors:
        spec = at_factor(load_spec(None), factor)
        yield row_of(spec, "accounts", alone(corpus, spec))
        yield row_of(spec, "all", scored(corpus.truth, judged(corpus, spec)))


def shown(rows: Sequence[dict[str, Any]], detectors: str) -> str:
    """Return the points of one line as a table for docs."""
    return markdown([
        {
            "account-days, days": f"{row['account_days']:,.0f}, {row['campaign_days']:g}",
            "leaked": f"{row['leaked']:.1%}",
            "found": f"{row['found']:.0%}",
            "honest named": f"{row['named_alone'] + row['named_as_members']} "
            f"({row['named_alone']} alone, {row['named_as_members']} as members)",
            "false per 1,000 (95 %)": f"{row['false_per_1000']:.2f} ({row['at_least']:.2f} to {row['at_most']:.2f})",
            "honest groups (95 %)": f"{row['honest_groups']} (to {row['groups_at_most']:.1f})",
        }
        for row in rows
        if row["detectors"] == detectors
    ])  # fmt: skip


def drawn(rows: Sequence[dict[str, Any]]) -> None:
    """Draw what leaks against honest accounts named: macro for both lines, and each family with everything on."""
    figure, panels = new_figure(2, width=11.5)
    for detectors, label in (("all", "everything on"), ("accounts", "account detectors alone")):
        own = [row for row in rows if row["detectors"] == detectors]
        false = [row["false_per_1000"] for row in own]
        leaked = [100 * row["leaked"] for row in own]
        spread = [[f - row["at_least"] for f, row in zip(false, own, strict=True)],
                  [row["at_most"] - f for f, row in zip(false, own, strict=True)]]  # fmt: skip
        panels[0].errorbar(false, leaked, xerr=spread, fmt="o-", capsize=2, label=label)
        for row in own:
            panels[0].annotate(f"{row['account_days']:,.0f}", (row["false_per_1000"], 100 * row["leaked"]), fontsize=6)
    for most, may_leak in AIMS:
        panels[0].plot([0, most, most], [100 * may_leak, 100 * may_leak, 0], "k:", linewidth=1)
    own = [row for row in rows if row["detectors"] == "all"]
    names = list(own[0])
    for family in names[names.index("leaked") + 1 : names.index("found")]:
        panels[1].plot([row["false_per_1000"] for row in own], [100 * row[family] for row in own], ".-", label=family)
    panels[0].set_title("mean over families (95 % intervals; dotted: aims)")
    panels[1].set_title("each family, everything on")
    for panel in panels:
        panel.set_xscale("symlog", linthresh=0.1)
        panel.set_xlim(left=0)
        panel.set_ylim(0, 101)
        panel.set_xlabel("honest accounts named per 1,000 honest account-days")
        panel.set_ylabel("leaked (%)")
        panel.legend(fontsize=8)
    click.echo(write_figure("curve", figure))


@click.command()
@corpus_options
@click.option("--factor", "factors", type=float, multiple=True, default=FACTORS, help="Times the default; repeat it.")
def main(folder: Path, cache: Path | None, factors: tuple[float, ...]) -> None:
    """Measure the curve on a labelled corpus."""
    check_drawing()
    corpus = read_corpus(folder, cache=cache)
    rows = []
    for row in measured(corpus, factors):
        click.echo(row)
        rows.append(row)
    click.echo(write_table("curve", rows))
    drawn(rows)
    for detectors in ("all", "accounts"):
        click.echo(f"\n{detectors}\n{shown(rows, detectors)}")


if __name__ == "__main__":
    main()
