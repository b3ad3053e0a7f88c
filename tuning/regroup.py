"""Other honest accounts beside the same campaigns: each is two or three of a corpus's, or lives on other days.

Who is honest in a corpus does what its kind does, and nothing else. Accounts that do what several did are busier, and
do many things. Run as ``python -m tuning.regroup CORPUS``; writes docs/figures/regroup.csv.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import click

from schemas.times import parse_instant
from streams.event_files import EventFiles
from tuning.corpus import corpus_options, events_file, read_corpus, read_labels
from tuning.figures import write_table
from tuning.parts import judged_row

Event = dict[str, Any]
Regroup = Callable[[list[Event], Mapping[str, str]], list[Event]]
"""Returns the events of a corpus, in time order, with the honest accounts changed; they are given with their kinds."""

_OWN_FIELDS = (
    "account_id", "organization_id", "api_key_id", "plan", "account_created_at", "payment_fingerprint",
    "device_fingerprint",
)  # fmt: skip
"""What belongs to an account, whoever uses it."""
_WEEK_DAYS = 7


def together(size: int, *, of_one_kind: bool = False) -> Regroup:
    """Give what so many accounts do, drawn by lot, to the first of them; the last few stay as they are."""

    def regroup(events: list[Event], kinds: Mapping[str, str]) -> list[Event]:
        drawn = sorted(kinds, key=lambda account_id: (kinds[account_id] if of_one_kind else "", _lot(account_id)))
        first_of = {
            account_id: drawn[start]
            for start in range(0, len(drawn) - size + 1, size)
            for account_id in drawn[start : start + size]
        }
        own: dict[str, Event] = {}
        for event in events:
            own.setdefault(event["account_id"], {name: event[name] for name in _OWN_FIELDS if name in event})
        return [_given_to(event, own.get(first_of.get(event["account_id"], ""))) for event in events]

    return regroup


def on_other_days(events: list[Event], kinds: Mapping[str, str]) -> list[Event]:
    """Move each honest account by up to six days; what would come after the end comes at the beginning."""
    times = {event["event_id"]: parse_instant(event["occurred_at"]) for event in events}
    first, last = min(times.values()), max(times.values())
    days = (last - first).days + 1
    for event in events:
        if event["account_id"] in kinds:
            at = times[event["event_id"]] + timedelta(days=_lot(event["account_id"]) % _WEEK_DAYS)
            at -= timedelta(days=days if at > last else 0)
            event["occurred_at"] = at.isoformat()
    return sorted(events, key=lambda event: parse_instant(event["occurred_at"]))


def by_halves(events: list[Event], kinds: Mapping[str, str]) -> list[Event]:
    """Leave out every second request of honest accounts, by lot."""
    return [event for event in events if event["account_id"] not in kinds or _lot(event["event_id"]) % 2]


REGROUPS: dict[str, Regroup] = {
    "two of one kind in one account": together(2, of_one_kind=True),
    "three of one kind in one account": together(3, of_one_kind=True),
    "two of any kind in one account": together(2),
    "three of any kind in one account": together(3),
    "each on other days": on_other_days,
    "half of their requests": by_halves,
}


def write_regrouped(folder: Path, regroup: Regroup, target: Path) -> None:
    """Write a copy of a corpus with other honest accounts; of those that are together only the first are left."""
    truth, _ = read_labels(folder)
    events = [json.loads(line) for line in EventFiles([events_file(folder)]).lines()]
    events = regroup(events, truth.kinds)
    left = {event["account_id"] for event in events}
    with gzip.open(target / "events.jsonl.gz", "wt", compresslevel=1, encoding="utf-8") as file:
        file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    lines = folder.joinpath("accounts.jsonl").read_text().splitlines(keepends=True)
    target.joinpath("accounts.jsonl").write_text(
        "".join(line for line in lines if json.loads(line)["account_id"] in left)
    )
    for name in ("campaigns.jsonl", "attack_events.csv.gz"):
        copy(folder / name, target)


def _given_to(event: Event, own: Event | None) -> Event:
    if own is None:
        return event
    return {name: value for name, value in event.items() if name not in _OWN_FIELDS} | own


def _lot(text: str) -> int:
    return crc32(text.encode())


@click.command()
@corpus_options
def main(folder: Path, cache: Path | None) -> None:
    """Show what is found beside other honest accounts than those of a labelled corpus."""
    rows = [judged_row("as they are", read_corpus(folder, cache=cache))]
    for name, regroup in REGROUPS.items():
        with TemporaryDirectory() as target:
            write_regrouped(folder, regroup, Path(target))
            rows.append(judged_row(name, read_corpus(Path(target))))
    click.echo(write_table("regroup", rows))


if __name__ == "__main__":
    main()
