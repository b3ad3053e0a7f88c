"""The same campaigns in disguise: asked otherwise, or spread over accounts in another way.

Run as ``python -m tuning.disguise CORPUS``; writes docs/figures/disguise.csv.
"""

import gzip
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from random import Random
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
Disguise = Callable[[list[Event]], None]
"""Changes the requests of one campaign, which are in time order."""

_ACCOUNTS_FIELDS = (
    "account_id", "organization_id", "api_key_id", "plan", "account_created_at", "client_ip", "asn", "country",
    "user_agent", "payment_fingerprint", "device_fingerprint", "temperature", "top_p", "max_output_tokens", "stream",
)  # fmt: skip
"""What an account brings to whatever it asks."""
_LIFE, _LOAD_SPREAD = 20, 1.2
_WRAPPERS = (
    "Answer as an expert would. **Question:** {}",
    "<task>Give a full answer.</task>\n<question>{}</question>",
    "You are helpful (be thorough.) {}",
    "**Instruction:** Reply in full. **Input:** {}",
)
_PROMPT_CHARACTERS = 400


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


def together(size: int, change: Disguise) -> Disguise:
    """Change so many requests of each account at a time; fewer at its end."""

    def disguise(events: list[Event]) -> None:
        by_account: dict[str, list[Event]] = {}
        for event in events:
            by_account.setdefault(event["account_id"], []).append(event)
        for own in by_account.values():
            for start in range(0, len(own), size):
                change(own[start : start + size])

    return disguise


def with_uneven_loads(events: list[Event]) -> None:
    """Draw each request's account by a log-normal weight: one in six has three times the load of the median."""
    accounts = _accounts(events)
    chance = Random(accounts[0]["account_id"])  # noqa: S311  (a simulation)
    weights = [chance.lognormvariate(0, _LOAD_SPREAD) for _ in accounts]
    for event in events:
        _send_from(event, chance.choices(accounts, weights)[0])


def in_shifts(size: int) -> Disguise:
    """Let one account after the other send so many requests on end, round after round."""

    def disguise(events: list[Event]) -> None:
        accounts = _accounts(events)
        for place, event in enumerate(events):
            _send_from(event, accounts[place // size % len(accounts)])

    return disguise


def until_refused(size: int) -> Disguise:
    """Let one account after the other send, each until its last request of so many is refused."""
    take_turns = in_shifts(size)

    def disguise(events: list[Event]) -> None:
        take_turns(events)
        for event in events[size - 1 :: size]:
            event |= {"status_code": 429, "output_tokens": 0, "finish_reason": None}

    return disguise


def from_replaced_accounts(events: list[Event]) -> None:
    """Let another account, of its own payment, key and device, go on after each twentieth request of an account."""
    if len(_accounts(events)) == 1:
        return
    sent: Counter[str] = Counter()
    since: dict[tuple[str, int], str] = {}
    for event in events:
        account_id = event["account_id"]
        successor = sent[account_id] // _LIFE
        sent[account_id] += 1
        if successor:
            first_at = since.setdefault((account_id, successor), event["occurred_at"])
            event["account_created_at"] = first_at
            for field in ("account_id", "api_key_id", "payment_fingerprint", "device_fingerprint"):
                if event.get(field):
                    event[field] += f"-{successor}"


def in_marked_up_wrappers(events: list[Event]) -> None:
    """Put each prompt into one wrapper of Markdown or tags, cut as the corpus cuts its own."""
    wrapper = _WRAPPERS[crc32(events[0]["event_id"].encode()) % len(_WRAPPERS)]
    for event in events:
        if event.get("prompt"):
            event["prompt"] = wrapper.replace("{}", event["prompt"])[:_PROMPT_CHARACTERS]


def in_wrappers_in_turn(size: int) -> Disguise:
    """Put each prompt into one of so many wrappers of the campaign's own, by lot, cut as the corpus cuts its own."""

    def disguise(events: list[Event]) -> None:
        own = events[0]["event_id"]
        wrappers = [f"{_made_up(f'{own}:{n}', 7)} {_made_up(f'{n}:{own}', 5)}, as follows. " for n in range(size)]
        chance = Random(own)  # noqa: S311  (a simulation)
        for event in events:
            if event.get("prompt"):
                event["prompt"] = (chance.choice(wrappers).capitalize() + event["prompt"])[:_PROMPT_CHARACTERS]

    return disguise


def behind_random_words(events: list[Event]) -> None:
    """Put one to four words without meaning before each prompt, others every time, cut as the corpus cuts its own."""
    chance = Random(events[0]["event_id"])  # noqa: S311  (a simulation)
    for event in events:
        if event.get("prompt"):
            sizes = chance.choices(range(4, 8), k=chance.randint(1, 4))
            words = [_made_up(f"{event['event_id']}:{n}", size) for n, size in enumerate(sizes)]
            event["prompt"] = " ".join((*words, event["prompt"]))[:_PROMPT_CHARACTERS]


def asked_by(accounts: int) -> Disguise:
    """Let so many requests on end, mostly of other accounts, ask one prompt; not of a campaign of fewer accounts."""

    def disguise(events: list[Event]) -> None:
        if len(_accounts(events)) >= accounts:
            for start in range(0, len(events), accounts):
                as_answers(events[start : start + accounts])

    return disguise


def each_day_within(time: timedelta, first_hour: int, hours: int) -> Disguise:
    """Send what came in a day within so much time of it, which begins at one of some hours for each account."""

    def disguise(events: list[Event]) -> None:
        for event in events:
            at = parse_instant(event["occurred_at"])
            midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
            begin = timedelta(hours=first_hour + crc32(event["account_id"].encode()) % hours)
            event["occurred_at"] = (midnight + begin + (at - midnight) * (time / timedelta(days=1))).isoformat()

    return disguise


def within(time: timedelta) -> Disguise:
    """Send everything within so much time around the middle of the campaign, in the same proportions."""

    def disguise(events: list[Event]) -> None:
        times = [parse_instant(event["occurred_at"]) for event in events]
        part = time / max(time, times[-1] - times[0])
        middle = times[0] + (times[-1] - times[0]) / 2
        for event, at in zip(events, times, strict=True):
            event["occurred_at"] = (middle + (at - middle) * part).isoformat()

    return disguise


def in_a_language_of_its_own(events: list[Event]) -> None:
    """Write another word for each word, always the same, of as many letters."""
    for event in events:
        if "prompt" in event:
            event["prompt"] = re.sub(r"[^\W\d_]+", _other_word, event["prompt"])


DISGUISES: dict[str, Disguise] = {
    "three requests are turns of a conversation": together(3, as_turns),
    "ten requests are turns of a conversation": together(10, as_turns),
    "three requests ask one prompt": together(3, as_answers),
    "accounts are loaded unevenly": with_uneven_loads,
    "accounts take turns of one request": in_shifts(1),
    "accounts take turns of thirty requests": in_shifts(30),
    "accounts take over when one is refused after thirty requests": until_refused(30),
    "accounts are replaced after twenty requests": from_replaced_accounts,
    "in a language that nobody else uses": in_a_language_of_its_own,
    "in wrappers of Markdown and tags": in_marked_up_wrappers,
    "in twelve wrappers in turn": in_wrappers_in_turn(12),
    "in twenty-four wrappers in turn": in_wrappers_in_turn(24),
    "in forty-eight wrappers in turn": in_wrappers_in_turn(48),
    "behind one to four random words": behind_random_words,
    "each prompt is asked by three accounts": asked_by(3),
    "within nine hours of each day": each_day_within(timedelta(hours=9), 8, 4),
    "within one day": within(timedelta(days=1)),
    "within six hours": within(timedelta(hours=6)),
    "within a quarter of an hour of each day": each_day_within(timedelta(minutes=15), 0, 24),
}


def _accounts(events: list[Event]) -> list[Event]:
    """A copy of the first event of each account."""
    first: dict[str, Event] = {}
    for event in events:
        if event["account_id"] not in first:
            first[event["account_id"]] = dict(event)
    return list(first.values())


def _send_from(event: Event, account: Event) -> None:
    for field in _ACCOUNTS_FIELDS:
        event.pop(field, None)
        if field in account:
            event[field] = account[field]


def _other_word(match: re.Match[str]) -> str:
    word = _made_up(match[0].lower(), len(match[0]))
    return word.capitalize() if match[0][0].isupper() else word


def _made_up(text: str, letters: int) -> str:
    """A word of so many letters, always the same for a text."""
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(
        ("aeiou", "bcdfghjklmnpqrstvwxyz")[place % 2][digest[place % 32] % (5, 21)[place % 2]]
        for place in range(letters)
    )


def disguised(lines: Iterable[bytes], attacks: dict[str, str], disguise: Disguise) -> list[Event]:
    """Return the events by time, with the campaigns' disguised."""
    events: list[Event] = [json.loads(line) for line in lines]
    by_campaign: dict[str, list[Event]] = {}
    for event in events:
        if event["event_id"] in attacks:
            by_campaign.setdefault(attacks[event["event_id"]], []).append(event)
    for own in by_campaign.values():
        disguise(own)
    return sorted(events, key=lambda event: parse_instant(event["occurred_at"]))


def write_disguised(folder: Path, disguise: Disguise, target: Path) -> None:
    """Write a copy of a corpus with disguised campaigns."""
    _, attacks = read_labels(folder)
    for name in ("accounts.jsonl", "campaigns.jsonl", "attack_events.csv.gz"):
        shutil.copy(folder / name, target)
    with gzip.open(target / "events.jsonl.gz", "wt", compresslevel=1, encoding="utf-8") as file:
        for event in disguised(EventFiles([events_file(folder)]).lines(), attacks, disguise):
            file.write(json.dumps(event, ensure_ascii=False) + "\n")


@click.command()
@corpus_options
def main(folder: Path, cache: Path | None) -> None:
    """Show what leaks when the campaigns of a labelled corpus are disguised."""
    rows = [judged_row("as they are", read_corpus(folder, cache=cache))]
    for name, disguise in DISGUISES.items():
        with TemporaryDirectory() as target:
            write_disguised(folder, disguise, Path(target))
            rows.append(judged_row(name, read_corpus(Path(target))))
    click.echo(write_table("disguise", rows))


if __name__ == "__main__":
    main()
