"""What one campaigns stage holds: 100,000 accounts on 1,000,000 links for a day; its memory and its throughput.

``python -m tuning.scale [ACCOUNTS]`` prints a table. Accounts have ten links each, drawn so that a link has four
accounts on average and few have hundreds, and send three buckets on the day. One in a thousand accounts belongs to a
campaign of 50 with a configuration of its own, so that cases are open and kin is looked for. Honest accounts differ in
how much they send by a power law and ask of everything, members ask what many ask.
"""

import random
import resource
import time
from collections.abc import Iterator
from itertools import chain

import click

from detectors.campaigns import CampaignDetector
from detectors.spec import DetectorSpec
from schemas.account_bucket import AccountBucket, Link
from tuning.figures import markdown

_START_MS = 1_767_571_200_000
_BUCKET_MS = 300_000
_DAY_BUCKETS = 288
_LINKS_PER_ACCOUNT = 10
_BUCKETS_PER_DAY = 3
_ACCOUNTS_PER_CAMPAIGN = 50
_MEMBERS_PER_THOUSAND = 1
_HONEST_SLOPE, _MOST_FRESH = 1.2, 100
_KINDS = ("configuration", "payment", "template", "template", "template")
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def link_numbers(accounts: int, rng: random.Random) -> list[list[int]]:
    """Numbers of each account's links; popularity falls as a power of the number."""
    links = accounts * _LINKS_PER_ACCOUNT // 4
    return [[int(links * rng.random() ** 1.5) for _ in range(_LINKS_PER_ACCOUNT)] for _ in range(accounts)]


def buckets(accounts: int, seed: int) -> Iterator[tuple[int, list[AccountBucket]]]:
    """Yield the start of every bucket of a day (milliseconds) and its records."""
    rng = random.Random(seed)  # noqa: S311  (no secret)
    links = link_numbers(accounts, rng)
    openers = ["".join(rng.choices(_ALPHABET, k=3)) for _ in range(20_000)]
    due: list[list[int]] = [[] for _ in range(_DAY_BUCKETS)]
    for account in range(accounts):
        for _ in range(_BUCKETS_PER_DAY):
            due[rng.randrange(_DAY_BUCKETS)].append(account)
    for number, present in enumerate(due):
        start_ms = _START_MS + number * _BUCKET_MS
        yield start_ms, [_record(account, start_ms, links[account], openers, rng) for account in present]


def _record(account: int, start_ms: int, numbers: list[int], openers: list[str], rng: random.Random) -> AccountBucket:
    is_member = account % 1_000 < _MEMBERS_PER_THOUSAND
    fresh = 4 if is_member else min(_MOST_FRESH, int(rng.paretovariate(_HONEST_SLOPE)))
    common = len(openers) // 100 if is_member else len(openers)
    slots = [openers[int(common * rng.random() ** 3)] for _ in range(fresh)]
    found = {(_KINDS[n % len(_KINDS)], f"h{n}"): fresh for n in numbers}
    if is_member:
        found["configuration", f"campaign{account // (1_000 * _ACCOUNTS_PER_CAMPAIGN)}"] = fresh
    network = account % 7 if is_member else account % 500
    return AccountBucket(
        account_id=f"account-{account}",
        start_ms=start_ms,
        end_ms=start_ms + _BUCKET_MS,
        tenant_id=None,
        plan="pro",
        age_ms=90 * 86_400_000,
        seen_ms=start_ms + _BUCKET_MS - _START_MS,
        events=fresh,
        fresh=fresh,
        slots=slots,
        new_slots=slots,
        wrapped=0,
        regular=0,
        elicitations=0,
        refusals=0,
        full_length=0,
        output_tokens=400 * fresh,
        active_hours=3,
        end_users=1,
        addresses=1,
        clients=1,
        shift_nats=0.0,
        links=[Link(kind, value, count) for (kind, value), count in sorted(found.items())],
        styles="".join(slot + rng.choice(openers) for slot in slots),
        traits=(f"n{network}", f"y{network % 30}", f"u{account % 40}", "tNone", "pNone", f"m{account % 12}", "s-1"),
    )


def measure(accounts: int, seed: int = 1) -> dict[str, object]:
    """Run the day; only the detector's own time counts, and memory beyond what the day is drawn from."""
    day = buckets(accounts, seed)
    first = next(day)
    before_mib = _peak_mib()
    detector = CampaignDetector(DetectorSpec())
    records, alerts, spent_s, slowest_s = 0, 0, 0.0, 0.0
    for start_ms, present in chain([first], day):
        began_s = time.process_time()
        for record in present:
            detector.observe(record)
        alerts += len(detector.advance(start_ms + _BUCKET_MS))
        detector.take_changed()
        took_s = time.process_time() - began_s
        records, spent_s, slowest_s = records + len(present), spent_s + took_s, max(slowest_s, took_s)
    return {
        "accounts": f"{accounts:,}",
        "links of accounts": f"{accounts * _LINKS_PER_ACCOUNT:,}",
        "records": f"{records:,}",
        "records per CPU-second": f"{records / spent_s:,.0f}",
        "slowest bucket, CPU-seconds": f"{slowest_s:.2f}",
        "alerts published": alerts,
        "memory, MiB": f"{_peak_mib() - before_mib:,.0f}",
    }


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@click.command()
@click.argument("accounts", metavar="[ACCOUNTS]", default=100_000, type=click.IntRange(min=1))
def main(accounts: int) -> None:
    """Measure one campaigns stage with so many accounts, 100,000 unless said otherwise."""
    click.echo(markdown([measure(accounts)]))


if __name__ == "__main__":
    main()
