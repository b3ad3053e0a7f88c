"""What plain rules on volume make of a labelled corpus, to hold the detectors against.

Run as ``python -m tuning.plain_rules CORPUS``; prints a table. A rule sees what the campaigns stage sees: how many
requests each account had in five minutes, when these are over.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import click

from detectors.case import new_case, publication
from detectors.spec import load_spec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from tuning.corpus import DAY_MS, Corpus, corpus_options, read_corpus
from tuning.figures import markdown
from tuning.scores import Score, scored

Named = Iterator[tuple[str, int]]
"""Accounts and when they are named, milliseconds since the epoch; the first time counts."""
Rule = Callable[[Iterable[AccountBucket]], Named]
REQUESTS = (30, 100, 300, 600, 1_000)
Z_SCORES = (4.0, 6.0, 8.0)
MEMORY = 0.2
"""Share of the newest day in the mean and variance of the days so far."""
LEAST_DEVIATION = 0.3
"""Standard deviation of daily log counts below which nobody is taken to be."""
LEARNING_DAYS = 3


def many_requests(least: int) -> Rule:
    """Name whoever has had so many requests since midnight (UTC)."""

    def rule(records: Iterable[AccountBucket]) -> Named:
        for _, of_day in groupby(records, key=lambda record: record.start_ms // DAY_MS):
            counts: dict[str, int] = defaultdict(int)
            for record in of_day:
                counts[record.account_id] += record.events
                if counts[record.account_id] >= least:
                    yield record.account_id, record.end_ms

    return rule


def unusual_days(least: float) -> Rule:
    """Name whoever had a day this many standard deviations above its own past days, at the midnight that ends it.

    Counts are log(1 + requests), of every day since the account's first; mean and variance are exponentially weighted.
    """

    def rule(records: Iterable[AccountBucket]) -> Named:
        pasts: dict[str, _Past] = defaultdict(_Past)
        last_day = None
        for day, of_day in groupby(records, key=lambda record: record.start_ms // DAY_MS):
            counts = dict.fromkeys(pasts, 0)
            for record in of_day:
                counts[record.account_id] = counts.get(record.account_id, 0) + record.events
            silent = 0 if last_day is None else day - last_day - 1
            last_day = day
            for account_id, count in counts.items():
                past = pasts[account_id]
                for _ in range(silent):
                    past.learn(0.0)
                if past.z_score(math.log1p(count)) > least:
                    yield account_id, (day + 1) * DAY_MS
                past.learn(math.log1p(count))

    return rule


class _Past:
    """Exponentially weighted mean and variance of an account's days."""

    def __init__(self) -> None:
        self._days, self._mean, self._variance = 0, 0.0, 0.0

    def z_score(self, value: float) -> float:
        if self._days < LEARNING_DAYS:
            return 0.0
        return (value - self._mean) / max(LEAST_DEVIATION, math.sqrt(self._variance))

    def learn(self, value: float) -> None:
        # Until there are enough days for the weight each counts alike.
        self._days += 1
        weight = max(MEMORY, 1 / self._days)
        deviation = value - self._mean
        self._mean += weight * deviation
        self._variance = (1 - weight) * (self._variance + weight * deviation * deviation)


def judged(corpus: Corpus, rule: Rule) -> Score:
    """Return the score of a rule."""
    records = sorted(corpus.buckets, key=attrgetter("start_ms"))
    first: dict[str, int] = {}
    for account_id, at_ms in rule(records):
        first.setdefault(account_id, at_ms)
    return scored(corpus.truth, [_alert(account_id, at_ms) for account_id, at_ms in first.items()])


def _alert(account_id: str, at_ms: int) -> Alert:
    spec = load_spec(None)
    case = new_case(spec, "account", account_id, at_ms, None)
    case.accounts[account_id] = at_ms
    return publication(spec, case, "open", at_ms)


def rules() -> dict[str, Rule]:
    """Return the rules by name."""
    return {
        **{f"{least:,} requests in a day": many_requests(least) for least in REQUESTS},
        **{f"EWMA z-score of daily log counts above {least:g}": unusual_days(least) for least in Z_SCORES},
    }


def row_of(name: str, score: Score) -> dict[str, str]:
    """Return a rule's line of the table; families as in the tables of the detectors."""
    low, high = score.false_interval
    return {
        "plain rule": name,
        "leaked": f"{score.macro:.1%}",
        **{family.replace("_", " "): f"{leaked:.1%}" for family, leaked in score.by_family.items()},
        "found": f"{score.found_ratio:.0%}",
        "honest accounts named": f"{score.false}",
        "false (95 %)": f"{score.false_per_1000:.2f} ({low:.2f} to {high:.2f})",
    }


@click.command()
@corpus_options
def main(folder: Path, cache: Path | None) -> None:
    """Show what plain rules on volume make of a labelled corpus."""
    corpus = read_corpus(folder, cache=cache)
    click.echo(markdown([row_of(name, judged(corpus, rule)) for name, rule in rules().items()]))


if __name__ == "__main__":
    main()
