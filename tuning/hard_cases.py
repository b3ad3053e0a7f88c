"""Who is named at the default: each kind of honest use, each campaign.

Run as ``python -m tuning.hard_cases CORPUS``; writes docs/figures/honest_kinds.csv and campaigns.csv.
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import click

from detectors.spec import load_spec
from tuning.corpus import Truth, corpus_options, read_corpus
from tuning.curve import alone
from tuning.figures import markdown, write_table
from tuning.judging import judged
from tuning.scores import Score, scored


def honest_kinds(score: Score) -> list[dict[str, Any]]:
    """Return a row for each kind of honest use: how many accounts and days, how they were named, groups of them."""
    kinds = score.truth.kinds
    accounts = Counter(kinds.values())
    days = Counter[str]()
    for account_id, count in score.truth.honest_days.items():
        days[kinds[account_id]] += count
    named_alone = Counter(kinds[account_id] for account_id in score.alone)
    as_members = Counter(kinds[account_id] for account_id in score.as_members)
    groups = Counter(group.most_common(1)[0][0] for group in score.groups)
    return [
        {
            "kind": kind, "accounts": accounts[kind], "account_days": days[kind], "named_alone": named_alone[kind],
            "named_as_members": as_members[kind], "groups": groups[kind],
        }
        for kind in sorted(accounts)
    ]  # fmt: skip


def campaigns(everything: Score, accounts_alone: Score) -> list[dict[str, Any]]:
    """Return a row for each campaign: what leaked with everything on and by the account detectors alone."""
    truth = everything.truth
    return [
        {
            "campaign": campaign_id, "family": truth.campaigns[campaign_id].family,
            "wrapper": truth.campaigns[campaign_id].wrapper, "exchanges": len(exchanges),
            "accounts": len({account_id for _, account_id in exchanges}),
            "accounts_named": everything.members_named[campaign_id],
            "leaked": round(everything.leaked[campaign_id], 4),
            "leaked_alone": round(accounts_alone.leaked[campaign_id], 4),
        }
        for campaign_id, exchanges in sorted(truth.exchanges.items())
    ]  # fmt: skip


def by_wrapper(truth: Truth, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each wrapper of campaigns, the least leaking first."""
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[truth.campaigns[row["campaign"]].wrapper].append(row)
    means = {wrapper: sum(row["leaked"] for row in own) / len(own) for wrapper, own in grouped.items()}
    return [
        {
            "wrapper": wrapper,
            "campaigns": len(grouped[wrapper]),
            "leaked, mean": f"{means[wrapper]:.0%}",
            "each (family: leaked, accounts named of all)": ", ".join(_campaign(row) for row in grouped[wrapper]),
        }
        for wrapper in sorted(means, key=lambda wrapper: means[wrapper])
    ]


def _campaign(row: dict[str, Any]) -> str:
    size = f" ({row['accounts_named']} of {row['accounts']})" if row["accounts"] > 1 else ""
    return f"{row['family']}: {row['leaked']:.0%}{size}"


@click.command()
@corpus_options
def main(folder: Path, cache: Path | None) -> None:
    """Show who is named on a labelled corpus."""
    corpus = read_corpus(folder, cache=cache)
    spec = load_spec(None)
    everything = scored(corpus.truth, judged(corpus, spec))
    kinds, rows = honest_kinds(everything), campaigns(everything, alone(corpus, spec))
    click.echo(write_table("honest_kinds", kinds))
    click.echo(write_table("campaigns", rows))
    for table in (kinds, rows, by_wrapper(corpus.truth, rows)):
        click.echo(f"\n{markdown(table)}")


if __name__ == "__main__":
    main()
