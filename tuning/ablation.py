"""What each kind of evidence carries: one thing off in turn, or one kind of input left out in turn.

What serves to judge one account is switched off in the account detectors alone, where nothing else hides its lack; what
serves to judge many, with everything on. Features are silenced, links of a kind dropped; other rows change a number of
the specification or a field of the records. Run as ``python -m tuning.ablation CORPUS [--inputs]``; writes
docs/figures/ablation.csv or inputs.csv.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from detectors.fingerprint_layout import OPENER_CHARS
from detectors.link_key import LINK_KINDS
from detectors.spec import DetectorSpec, load_spec
from detectors.suspicion import FEATURES
from schemas.account_bucket import AccountBucket
from tuning.corpus import Corpus, corpus_options, read_corpus
from tuning.curve import without_links
from tuning.figures import markdown, write_table
from tuning.judging import (
    RESEMBLANCES,
    Change,
    PartialDetector,
    accounts_alone,
    judged_records,
    unchanged,
    with_numbers,
)
from tuning.scores import Score, scored

PROMPTS = frozenset(("prompt", "prompt_fingerprint"))
ADDRESSES = frozenset(("client_ip", "asn", "country"))
SINGLE_EVENT_FIELDS = frozenset((
    "temperature", "top_p", "input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens",
    "max_output_tokens", "user_agent", "plan", "country", "latency_ms", "stream", "finish_reason", "tool_call_count",
    "choice_count", "logprobs",
))  # fmt: skip
SHARED_THINGS = frozenset(
    ("payment_fingerprint", "device_fingerprint", "organization_id", "system_prompt_fingerprint", "api_key_id")
)
INPUTS = {
    "prompts": PROMPTS,
    "addresses": ADDRESSES,
    "all fields of single events": SINGLE_EVENT_FIELDS,
    "payment, device, organization, system prompt, key": SHARED_THINGS,
    "upstream labels": frozenset(("labels",)),
}
_ANY_OPENER = "A" * OPENER_CHARS
_NEVER = 1e9


@dataclass(frozen=True)
class Switch:
    """One thing off: features or resemblances left out, records or numbers changed, or no account named by itself.

    ``is_alone``: in the account detectors alone.
    """

    name: str
    silent: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    change: Change = unchanged
    numbers: dict[str, float] = field(default_factory=dict)
    names_accounts: bool = True
    is_alone: bool = False


def without_link_kind(kind: str, record: AccountBucket) -> AccountBucket:
    """Return the record without its links of a kind."""
    return msgspec.structs.replace(record, links=[link for link in record.links if link.kind != kind])


def as_a_persons_hours(hours: int, record: AccountBucket) -> AccountBucket:
    """Return the record of an account that is active as many hours of a day as a person is at most."""
    return msgspec.structs.replace(record, active_hours=hours)


def popular_everywhere(record: AccountBucket) -> AccountBucket:
    """Return the record of an account that opens all its requests as everybody does."""
    return msgspec.structs.replace(
        record,
        slots=[_ANY_OPENER] * len(record.slots),
        new_slots=[_ANY_OPENER] if record.new_slots else [],
        preambles=[],
        places=[],
    )


def switches(spec: DetectorSpec) -> list[Switch]:
    """Return the account detectors alone and one thing of them off in turn, then the same with everything on."""
    hours = partial(as_a_persons_hours, round(spec.harvest.person_hours))
    accounts = [
        Switch("nothing"),
        Switch("all supporting features", silent=FEATURES[1:]),
        *(Switch(f"feature {name}", silent=(name,)) for name in FEATURES[1:]),
        Switch("hours of activity", change=hours),
        Switch("an account's own reference", numbers={"harvest.baseline_margin": 1 / _NEVER}),
        Switch("popularity of openers: each counts alike", change=popular_everywhere),
    ]
    return [
        *(replace(switch, is_alone=True) for switch in accounts),
        Switch("nothing"),
        Switch("all that names accounts by themselves", names_accounts=False),
        *(Switch(f"links by {kind}", change=partial(without_link_kind, kind)) for kind in LINK_KINDS),
        Switch("all links", change=without_links),
        Switch("slow lists", numbers={"interchange.min_accounts": _NEVER}),
        Switch("search for alike accounts", numbers={"alike.seeds": 0}),
        Switch("all links and the search", change=without_links, numbers={"alike.seeds": 0}),
        Switch("kin", numbers={"kin.nats_to_join": _NEVER}),
        *(Switch(f"kin by {name}", blind=(name,)) for name in RESEMBLANCES),
        Switch("kin: growth of small cores", numbers={"kin.core_accounts": 0}),
    ]


def judged_with(corpus: Corpus, spec: DetectorSpec, switch: Switch) -> Score:
    """Judge the corpus with one thing off."""
    changed = with_numbers(accounts_alone(spec) if switch.is_alone else spec, switch.numbers)
    detector = PartialDetector(changed, switch.silent, switch.blind, names_accounts=switch.names_accounts)
    records = map(without_links, corpus.buckets) if switch.is_alone else corpus.buckets
    alerts = judged_records(records, corpus.watermark_ms, changed, detector, switch.change)
    return scored(corpus.truth, alerts)


def row_of(off: str, score: Score, *, is_alone: bool) -> dict[str, Any]:
    """Return a line of the table."""
    return {
        "detectors": "accounts" if is_alone else "all", "off": off, "leaked": round(score.macro, 4),
        **{family: round(leaked, 4) for family, leaked in score.by_family.items()},
        "found": round(score.found_ratio, 4), "named_alone": len(score.alone),
        "named_as_members": len(score.as_members), "honest_groups": len(score.groups),
        "false_per_1000": round(score.false_per_1000, 3),
    }  # fmt: skip


def without_evidence(corpus: Corpus, spec: DetectorSpec) -> Iterator[dict[str, Any]]:
    """Yield a row for each switch."""
    for switch in switches(spec):
        yield row_of(switch.name, judged_with(corpus, spec, switch), is_alone=switch.is_alone)


def without_inputs(read: Callable[[frozenset[str]], Corpus], spec: DetectorSpec) -> Iterator[dict[str, Any]]:
    """Yield two rows for each kind of input left out: account detectors alone, everything on."""
    for name, fields in INPUTS.items():
        corpus = read(fields)
        for is_alone in (True, False):
            yield row_of(name, judged_with(corpus, spec, Switch(name, is_alone=is_alone)), is_alone=is_alone)


def shown(rows: list[dict[str, Any]], detectors: str) -> str:
    """Return the table for docs of the account detectors alone (``accounts``) or of everything (``all``)."""
    shares = [name for name, value in rows[0].items() if isinstance(value, float) and name != "false_per_1000"]
    return markdown([
        {
            "off": row["off"],
            **{name.replace("_", " "): f"{row[name]:.1%}" for name in shares},
            "honest named": f"{row['named_alone']} + {row['named_as_members']}",
            "false per 1,000": f"{row['false_per_1000']:.2f}",
        }
        for row in rows
        if row["detectors"] == detectors
    ])  # fmt: skip


@click.command()
@corpus_options
@click.option("--inputs", "is_of_inputs", is_flag=True, help="Leave out inputs instead of evidence.")
def main(folder: Path, cache: Path | None, is_of_inputs: bool) -> None:
    """Measure what each kind of evidence, or of input, carries."""
    spec = load_spec(None)
    read = partial(_read, folder, cache)
    measured = without_inputs(read, spec) if is_of_inputs else without_evidence(read(frozenset()), spec)
    rows = []
    for row in measured:
        click.echo(row)
        rows.append(row)
    click.echo(write_table("inputs" if is_of_inputs else "ablation", rows))
    for detectors in ("accounts", "all"):
        click.echo(f"\n{shown(rows, detectors)}")


def _read(folder: Path, cache: Path | None, fields: frozenset[str]) -> Corpus:
    return read_corpus(folder, fields, cache)


if __name__ == "__main__":
    main()
