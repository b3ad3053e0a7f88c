"""Leave one family out: what detectors tuned without a family do on it.

A grid of specifications, a few knobs with a meaning each, is judged once. For each family the specification is chosen
that leaks least over the other families within the same number of honest accounts named, and reported on the family
that it was not chosen by, beside the default and beside the best for the family. Honest accounts are not left out:
they are the same in every choice. Run as ``python -m tuning.leave_one_out CORPUS``; writes
docs/figures/leave_one_out.csv and leave_one_out_grid.csv.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from detectors.spec import DetectorSpec, load_spec
from tuning.corpus import Corpus, corpus_options, read_corpus
from tuning.figures import markdown, write_table
from tuning.judging import judged, with_numbers
from tuning.scores import scored

_ACCOUNT_DAYS = "false_alarms.account_days_per_false_alarm"
_CAMPAIGN_DAYS = "false_alarms.days_per_false_campaign"
_SCALED: tuple[dict[str, float], ...] = (
    {_ACCOUNT_DAYS: 0.25}, {_ACCOUNT_DAYS: 4}, {_CAMPAIGN_DAYS: 0.1}, {_CAMPAIGN_DAYS: 10},
    {"groups.min_rate": 0.7}, {"groups.min_rate": 1.5}, {"crowd.job_ratio": 0.8}, {"crowd.job_ratio": 1.2},
    {"kin.nats_to_join": 0.7}, {"kin.nats_to_join": 1.5},
)  # fmt: skip
"""Factors of the default's numbers."""


@dataclass(frozen=True)
class Outcome:
    """What one specification leaks by family, and how many honest accounts it names."""

    name: str
    leaked: Mapping[str, float]
    false: int


def grid(spec: DetectorSpec) -> dict[str, DetectorSpec]:
    """Return the default and its neighbours, named by what differs."""
    known = spec.model_dump()
    specs = {"default": spec}
    for factors in _SCALED:
        numbers = {name: _number(known, name) * factor for name, factor in factors.items()}
        specs[", ".join(f"{name} {value:g}" for name, value in numbers.items())] = with_numbers(spec, numbers)
    return specs


def _number(known: Mapping[str, Any], name: str) -> float:
    section, _, key = name.partition(".")
    return float(known[section][key])


def judged_grid(corpus: Corpus, specs: Mapping[str, DetectorSpec]) -> Iterator[Outcome]:
    """Yield the outcome of each specification."""
    for name, spec in specs.items():
        score = scored(corpus.truth, judged(corpus, spec))
        yield Outcome(name, score.by_family, score.false)


def best(outcomes: Sequence[Outcome], families: Sequence[str], most_false: int) -> Outcome:
    """Return the outcome that leaks least over some families within so many honest accounts; the first among equals.

    Raises ``ValueError`` when every specification names more.
    """
    allowed = [outcome for outcome in outcomes if outcome.false <= most_false]
    if not allowed:
        raise ValueError(f"every specification names more than {most_false} honest accounts")
    return min(allowed, key=lambda outcome: sum(outcome.leaked[family] for family in families))


def left_out(outcomes: Sequence[Outcome], most_false: int) -> list[dict[str, Any]]:
    """Return a row for each family; the first outcome is the default's."""
    default = outcomes[0]
    rows = []
    for family in default.leaked:
        chosen = best(outcomes, [other for other in default.leaked if other != family], most_false)
        ideal = best(outcomes, [family], most_false)
        rows.append({
            "family": family, "chosen_without_it": chosen.name, "leaked": round(chosen.leaked[family], 4),
            "false": chosen.false, "leaked_default": round(default.leaked[family], 4), "false_default": default.false,
            "best_for_it": ideal.name, "leaked_best": round(ideal.leaked[family], 4), "false_best": ideal.false,
        })  # fmt: skip
    return rows


def shown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table for docs."""
    return markdown([
        {
            "family left out": row["family"].replace("_", " "),
            "chosen by the others": row["chosen_without_it"],
            "leaks": f"{row['leaked']:.1%}",
            "the default": f"{row['leaked_default']:.1%}",
            "best for it": f"{row['leaked_best']:.1%} ({row['best_for_it']})",
        }
        for row in rows
    ])  # fmt: skip


@click.command()
@corpus_options
@click.option("--most-false", type=int, help="Honest accounts that may be named.  [default: as many as the default's]")
def main(folder: Path, cache: Path | None, most_false: int | None) -> None:
    """Measure what specifications chosen without a family do on it."""
    corpus = read_corpus(folder, cache=cache)
    outcomes = []
    for outcome in judged_grid(corpus, grid(load_spec(None))):
        click.echo(outcome)
        outcomes.append(outcome)
    rows = left_out(outcomes, outcomes[0].false if most_false is None else most_false)
    table = [
        {"specification": o.name, "honest_named": o.false, "leaked": round(sum(o.leaked.values()) / len(o.leaked), 4),
         **{family: round(leaked, 4) for family, leaked in o.leaked.items()}}
        for o in outcomes
    ]  # fmt: skip
    click.echo(write_table("leave_one_out_grid", table))
    click.echo(write_table("leave_one_out", rows))
    click.echo(f"\n{markdown(table)}\n\n{shown(rows)}")


if __name__ == "__main__":
    main()
