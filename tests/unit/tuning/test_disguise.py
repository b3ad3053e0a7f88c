"""Campaigns in disguise: asked otherwise, at other times, or spread over accounts in another way."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.times import parse_instant
from tests.unit.tuning.samples import write_corpus
from tuning.corpus import read_corpus
from tuning.disguise import (
    Disguise,
    as_answers,
    as_turns,
    asked_by,
    behind_random_words,
    disguised,
    each_day_within,
    from_replaced_accounts,
    in_a_language_of_its_own,
    in_marked_up_wrappers,
    in_shifts,
    in_wrappers_in_turn,
    together,
    until_refused,
    with_uneven_loads,
    within,
    write_disguised,
)


def sent(*requests: tuple[str, str], **fields: str) -> tuple[list[bytes], dict[str, str]]:
    """Events by id and account, each with a prompt of its own; which are one campaign's: all but those of ``h``."""
    events = [
        {
            "event_id": i,
            "account_id": a,
            "prompt": f"p{i}",
            "turn": 1,
            "occurred_at": f"2026-01-05T00:{n // 60:02}:{n % 60:02}Z",
        }
        | fields
        for n, (i, a) in enumerate(requests)
    ]
    return [json.dumps(event).encode() for event in events], {i: "camp" for i, a in requests if a != "h"}


def test_campaigns_are_disguised_by_threes() -> None:
    """Of each account by itself, in time; what is left over too, and nothing of anybody else's."""
    lines, attacks = sent(("x1", "a"), ("h1", "h"), ("x2", "a"), ("y1", "c"), ("x3", "a"), ("x4", "a"), ("x5", "a"))

    turns = {
        event["event_id"]: (event["turn"], event.get("conversation_id"))
        for event in disguised(lines, attacks, together(3, as_turns))
    }
    asked = [event["prompt"] for event in disguised(lines, attacks, together(3, as_answers))]

    assert turns == {
        "x1": (1, "x1"), "h1": (1, None), "x2": (2, "x1"), "y1": (1, "y1"), "x3": (3, "x1"), "x4": (1, "x4"),
        "x5": (2, "x4"),
    }  # fmt: skip
    assert asked == ["px1", "ph1", "px1", "py1", "px1", "px4", "px4"]


def senders(disguise: Disguise, lines: list[bytes], attacks: dict[str, str]) -> list[tuple[str, str, str | None]]:
    """Account, what it asks, and its payment, of each event."""
    events = disguised(lines, attacks, disguise)
    return [(event["account_id"], event["prompt"], event.get("payment_fingerprint")) for event in events]


def test_accounts_are_spread_otherwise() -> None:
    """Every prompt is still sent once, in its order, from an account of the campaign with what belongs to it."""
    requests = [(f"x{n:03d}", "abcddcba"[n % 8]) for n in range(400)]
    lines, attacks = sent(*requests, occurred_at="2026-03-02T00:00:00Z")
    events = [
        json.loads(line) | {"payment_fingerprint": f"pay_{a}"} for line, (_, a) in zip(lines, requests, strict=True)
    ]
    lines = [json.dumps(event).encode() for event in events]

    shifts = senders(in_shifts(30), lines, attacks)
    rounds = senders(in_shifts(1), lines, attacks)
    uneven = senders(with_uneven_loads, lines, attacks)
    replaced = senders(from_replaced_accounts, lines, attacks)
    for found in (shifts, rounds, uneven, replaced):
        assert [prompt for _, prompt, _ in found] == [f"p{i}" for i, _ in requests]
        assert all(payment == "pay_" + account_id for account_id, _, payment in found)
    assert [account_id for account_id, _, _ in shifts] == ["abcd"[n // 30 % 4] for n in range(400)]
    assert [account_id for account_id, _, _ in rounds] == list("abcd" * 100)
    loads = sorted(Counter(account_id for account_id, _, _ in uneven).values())
    assert loads[-1] >= 2 * loads[0]
    lives = Counter(account_id for account_id, _, _ in replaced)
    assert set(lives.values()) == {20}
    assert {account_id[0] for account_id in lives} == set("abcd")
    assert {"a", "a-1", "a-4"} <= lives.keys()


def test_accounts_go_on_until_they_are_refused() -> None:
    """The last of each thirty requests gets no answer, and the next account goes on."""
    lines, attacks = sent(*((f"x{n:03d}", "abc"[n % 3]) for n in range(100)))
    events = disguised(lines, attacks, until_refused(30))

    assert [event["account_id"] for event in events] == ["abc"[n // 30 % 3] for n in range(100)]
    assert [n for n, event in enumerate(events) if event.get("status_code") == 429] == [29, 59, 89]
    assert {event["output_tokens"] for event in events if event.get("status_code") == 429} == {0}


def test_a_language_of_its_own_keeps_what_words_have_in_common() -> None:
    """The same word is the same, of as many letters, with its capital; all else stays."""
    lines, attacks = sent(("x1", "a"), ("h1", "h"), ("x2", "a"), prompt="Sort 12 words: sort, naïve!")
    first, honest, second = (event["prompt"] for event in disguised(lines, attacks, in_a_language_of_its_own))

    assert first == second != honest == "Sort 12 words: sort, naïve!"
    assert re.fullmatch(r"([A-Z][a-z]{3}) 12 [a-z]{5}: [a-z]{4}, [a-z]{5}!", first)
    assert first[:4].lower() == first[15:19] != "sort"


def test_wrappers_of_markdown_and_tags_are_one_for_each_campaign() -> None:
    """Each prompt stands in it, cut at 400 characters; nobody else's changes."""
    lines, attacks = sent(("x1", "a"), ("h1", "h"), ("x2", "b"))
    long_lines, _ = sent(("x1", "a"), prompt="long " * 100)
    first, honest, second = (event["prompt"] for event in disguised(lines, attacks, in_marked_up_wrappers))
    [cut] = (event["prompt"] for event in disguised(long_lines, {"x1": "camp"}, in_marked_up_wrappers))

    assert honest == "ph1"
    assert first.replace("px1", "{}") == second.replace("px2", "{}") != "{}"
    assert len(cut) == 400
    assert cut.startswith(first.partition("px1")[0] + "long long")


def test_wrappers_in_turn_are_a_campaigns_own() -> None:
    """Twelve sentences by lot, of which another campaign has none; what is asked stays behind them."""
    requests = [(f"x{n:03d}", "a") for n in range(200)] + [(f"y{n:03d}", "b") for n in range(200)]
    lines, _ = sent(*requests, ("h1", "h"))
    attacks = {event_id: event_id[0] for event_id, _ in requests}
    prompts = [event["prompt"] for event in disguised(lines, attacks, in_wrappers_in_turn(12))]
    first, second = (
        {
            prompt.removesuffix(f"p{event_id}")
            for prompt, (event_id, a) in zip(prompts[:-1], requests, strict=True)
            if a == by
        }
        for by in "ab"
    )

    assert prompts[-1] == "ph1"
    assert (len(first), len(second), first & second) == (12, 12, set())
    assert all(re.fullmatch(r"[A-Z][a-z]{6} [a-z]{5}, as follows\. ", wrapper) for wrapper in first | second)


def test_random_words_are_others_before_each_prompt() -> None:
    """One to four of them, of which hardly any comes twice; what is asked stays behind them."""
    requests = [(f"x{n:03d}", "a") for n in range(100)]
    lines, attacks = sent(*requests, ("h1", "h"))
    *behind, honest = (event["prompt"] for event in disguised(lines, attacks, behind_random_words))
    words = [prompt.split() for prompt in behind]

    assert honest == "ph1"
    assert [each[-1] for each in words] == [f"p{event_id}" for event_id, _ in requests]
    assert {len(each) - 1 for each in words} == {1, 2, 3, 4}
    assert len({word for each in words for word in each[:-1]}) > 200
    assert {len(word) for each in words for word in each[:-1]} == {4, 5, 6, 7}


def test_prompts_behind_random_words_are_cut() -> None:
    """At 400 characters, as the corpus cuts its own."""
    lines, attacks = sent(("x1", "a"), prompt="long " * 100)
    [event] = disguised(lines, attacks, behind_random_words)

    assert len(event["prompt"]) == 400
    assert "long long" in event["prompt"]


def test_three_accounts_ask_each_prompt() -> None:
    """Three requests on end, whoever sends them; a campaign of two accounts stays as it is."""
    lines, attacks = sent(("x1", "a"), ("h1", "h"), ("x2", "b"), ("x3", "c"), ("x4", "a"))
    few, _ = sent(("x1", "a"), ("x2", "b"), ("x3", "a"))

    assert [e["prompt"] for e in disguised(lines, attacks, asked_by(3))] == ["px1", "ph1", "px1", "px1", "px4"]
    assert [e["prompt"] for e in disguised(few, attacks, asked_by(3))] == ["px1", "px2", "px3"]


def test_nine_hours_of_a_day_are_in_proportion() -> None:
    """Midnight is when the account's hours begin, noon 4.5 hours later, on the same day; in order of time."""
    lines, attacks = sent(("x1", "a"))
    noon, _ = sent(("x2", "a"), ("h1", "h"), occurred_at="2026-01-05T12:00:00Z")
    times = {
        event["event_id"]: parse_instant(event["occurred_at"])
        for event in disguised([*lines, *noon], attacks | {"x2": "camp"}, each_day_within(timedelta(hours=9), 8, 4))
    }

    assert times["x1"].hour in range(8, 12)
    assert times["x2"] - times["x1"] == timedelta(hours=4.5)
    assert sorted(times, key=times.__getitem__) == list(times)
    assert times["h1"].hour == 12


def test_working_hours_begin_at_one_of_four_for_each_account() -> None:
    """At eight, nine, ten or eleven, and for all of an account's days at the same."""
    requests = [(f"x{n}", f"a{n % 30}") for n in range(60)]
    lines, attacks = sent(*requests, occurred_at="2026-01-05T00:00:00Z")
    nine_hours = each_day_within(timedelta(hours=9), 8, 4)
    begun = {(event["account_id"], event["occurred_at"][11:13]) for event in disguised(lines, attacks, nine_hours)}

    assert len(begun) == 30
    assert {hour for _, hour in begun} == {"08", "09", "10", "11"}


def test_events_are_by_time_however_it_is_written() -> None:
    """An hour of another zone is not what it looks like."""
    early, _ = sent(("h1", "h"), occurred_at="2026-01-05T12:00:00+02:00")
    late, _ = sent(("h2", "h"), occurred_at="2026-01-05T11:00:00Z")

    assert [event["event_id"] for event in disguised([*late, *early], {}, within(timedelta(days=1)))] == ["h1", "h2"]


def test_a_campaign_of_one_day_is_in_proportion() -> None:
    """Of 96 hours a quarter of each gap, around the middle; what is shorter stays as it is."""
    lines, attacks = sent(("x1", "a"), ("x2", "a"), ("x3", "a"))
    days = [5, 6, 9]
    long = [line.replace(b"2026-01-05", f"2026-01-{d:02d}".encode()) for line, d in zip(lines, days, strict=True)]

    def hours(lines: list[bytes]) -> list[float]:
        found = [parse_instant(e["occurred_at"]) for e in disguised(lines, attacks, within(timedelta(days=1)))]
        return [(at - datetime(2026, 1, 5, tzinfo=UTC)) / timedelta(hours=1) for at in found]

    assert hours(long) == pytest.approx([36, 42, 60], abs=0.01)
    assert hours(lines) == pytest.approx([0, 1 / 3600, 2 / 3600], abs=1e-6)
    assert hours(long[:1]) == pytest.approx([0])


def test_a_disguised_corpus_has_the_same_labels(tmp_path: Path) -> None:
    """What is written is read as a corpus: the same accounts, campaigns and times, with less that begins something."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "disguised").mkdir()
    write_corpus(tmp_path / "plain")
    write_disguised(tmp_path / "plain", together(3, as_turns), tmp_path / "disguised")
    plain, other = (read_corpus(tmp_path / name) for name in ("plain", "disguised"))

    assert other.truth == plain.truth
    fresh = [sum(bucket.fresh for bucket in corpus.buckets) for corpus in (plain, other)]
    assert fresh[1] < fresh[0]
    assert [bucket.events for bucket in other.buckets] == [bucket.events for bucket in plain.buckets]
