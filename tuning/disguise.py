"""The same campaigns in disguise: with requests as turns of conversations, or with each prompt asked several times.

Run as ``python -m tuning.disguise CORPUS``; writes docs/figures/disguise.csv.
"""

import gzip
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from detectors.spec import load_spec
from streams.event_files import EventFiles
from tuning.corpus import Corpus, corpus_options, read_corpus, read_labels
from tuning.figures import markdown, write_table
from tuning.judging import judged
from tuning.parts import row_of
from tuning.scores import scored

Event = dict[str, Any]
Disguise = Callable[[list[Event]], None]
"""Changes some requests of one campaign's account, one after the other in time."""

_TOGETHER = 3


def as_turns(events: list[Event]) -> None:
    """Make them the turns of one conversation."""
    for place, event in enumerate(events):
        event |= {"turn": place + 1, "conversation_id": events[0].get("conversation_id") or events[0]["event_id"]}


def as_answers(events: list[Event]) -> None:
    """Make all of them ask what the first one asks."""
    for event in events[1:]:
        for field in ("prompt", "prompt_fingerprint"):
            if field in events[0]:
                event[field] = events[0][field]


DISGUISES: dict[str, Disguise] = {
    "three requests are turns of a conversation": as_turns,
    "three requests ask one prompt": as_answers,
}


def disguised(lines: Iterable[bytes], attacks: dict[str, str], disguise: Disguise) -> list[Event]:
    """Return the events in their order; the campaigns' are disguised by threes of each account."""
    events: list[Event] = [json.loads(line) for line in lines]
    waiting: dict[str, list[Event]] = {}
    for event in events:
        if event["event_id"] in attacks:
            own = waiting.setdefault(event["account_id"], [])
            own.append(event)
            if len(own) == _TOGETHER:
                disguise(waiting.pop(event["account_id"]))
    for own in waiting.values():
        disguise(own)
    return events


def write_disguised(folder: Path, disguise: Disguise, target: Path) -> None:
    """Write a copy of a corpus with disguised campaigns."""
    _, attacks = read_labels(folder)
    for name in ("accounts.jsonl", "campaigns.jsonl", "attack_events.csv.gz"):
        shutil.copy(folder / name, target)
    [path] = sorted(folder.glob("events.jsonl*"))
    with gzip.open(target / "events.jsonl.gz", "wt", compresslevel=1, encoding="utf-8") as file:
        for event in disguised(EventFiles([path]).lines(), attacks, disguise):
            file.write(json.dumps(event, ensure_ascii=False) + "\n")


@click.command()
@corpus_options
def main(folder: Path, cache: Path | None) -> None:
    """Show what leaks when the campaigns of a labelled corpus are disguised."""
    rows = [_judged("as they are", read_corpus(folder, cache=cache))]
    for name, disguise in DISGUISES.items():
        with TemporaryDirectory() as target:
            write_disguised(folder, disguise, Path(target))
            rows.append(_judged(name, read_corpus(Path(target))))
    click.echo(write_table("disguise", rows))


def _judged(name: str, corpus: Corpus) -> dict[str, Any]:
    score = scored(corpus.truth, judged(corpus, load_spec(None)))
    row = row_of(name, corpus, score) | {family: f"{leaked:.1%}" for family, leaked in score.by_family.items()}
    click.echo(markdown([row]))
    return row


if __name__ == "__main__":
    main()
