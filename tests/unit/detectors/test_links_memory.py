"""Memory of links: which are kept, and when they are forgotten."""

from zlib import crc32

import msgspec
import pytest

from detectors.links import Group, Links
from detectors.spec import DetectorSpec, parse_spec
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS

SPEC = DetectorSpec()
NOW_MS = START_MS + 20 * HOUR_MS
MANY = parse_spec("groups: {max_members: 50}", "x")


def test_a_link_begins_with_its_second_account() -> None:
    """What one account has for itself is no link, for as long as the day of its first use and the next last."""
    links = Links(SPEC)
    assert not links.observe("device::d", "a", 5, START_MS)
    assert not links.observe("device::d", "a", 5, START_MS + HOUR_MS)
    assert "device::d" not in links.groups

    assert links.observe("device::d", "b", 5, START_MS + DAY_MS)
    assert links.remembered("device::d", START_MS + DAY_MS) == {"b": 5.0}
    assert links.keys_of == {"b": {"device::d"}}


def test_whoever_goes_on_alone_stays_the_first() -> None:
    """A second account a day after the latest of several lonely days makes a link; two days after it does not."""
    for day, is_link in ((2, True), (3, False)):
        links = Links(SPEC)
        links.observe("device::d", "a", 1, START_MS)
        links.observe("device::d", "a", 1, START_MS + DAY_MS)
        assert links.observe("device::d", "b", 1, START_MS + day * DAY_MS) is is_link


@pytest.mark.parametrize(
    ("of_all", "hours", "is_carried"), [(10, 0, True), (11, 0, False), (9, 36, False), (3, 36, True)]
)
def test_a_link_carries_an_account_that_does_three_tenths_on_it(of_all: float, hours: int, is_carried: bool) -> None:
    """Of three exchanges as far as they are remembered; whoever was there first is not kept."""
    links, now_ms = Links(SPEC), START_MS + hours * HOUR_MS
    for account_id in ("first", "b"):
        links.observe("device::d", account_id, 3, START_MS)
    state = Suspicion(START_MS, now_ms, rate=of_all)

    assert links.is_carried(links.groups["device::d"], "b", state, now_ms) is is_carried
    assert not links.is_carried(links.groups["device::d"], "first", state, now_ms)


@pytest.mark.parametrize(("accounts", "ratio"), [(50, 1.0), (60, 0.25), (400, 0.0625)])
def test_of_a_link_that_very_many_use_a_part_is_kept(accounts: int, ratio: float) -> None:
    """A quarter of them by lot, whenever there are more than fifty, and the same accounts on every link."""
    links = Links(MANY)
    ids = [f"a{number}" for number in range(accounts)]
    keys = ("template::t", "device::d")
    for account_id in [ids[-1], *ids]:
        for key in keys:
            links.observe(key, account_id, 1, START_MS)

    kept = {account_id for account_id in ids if crc32(account_id.encode()) / 2**32 < ratio}
    assert [set(links.groups[key].members) for key in keys] == [kept, kept]
    assert links.keys_of == {account_id: set(keys) for account_id in kept}
    assert [links.groups[key].kept_ratio for key in keys] == [ratio, ratio]
    assert [links.observe("template::t", a, 1, NOW_MS) for a in ids] == [a in kept for a in ids]


def test_what_leaves_no_trace_is_forgotten() -> None:
    """After four times the memory a member is gone, and with its last member the link."""
    links = Links(SPEC)
    for account_id in ("a", "b", "c"):
        links.observe("template::t", account_id, 1, START_MS)
    gone_ms = START_MS + 4 * 36 * HOUR_MS

    assert links.sweep(gone_ms) == []
    assert links.sweep(gone_ms + HOUR_MS) == ["template::t"]
    assert (links.groups, links.keys_of, links.firsts) == ({}, {}, {})


def test_of_too_many_links_with_one_account_a_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """By lot, so a second account is found on some of them, and no more is held than memory is meant for."""
    monkeypatch.setattr("detectors.links._MOST_FIRSTS", 100)
    links, day = Links(SPEC), START_MS // DAY_MS
    for number in range(1_000):
        links.observe(f"template::{number}", "a", 1, START_MS)
        assert len(links.firsts[day]) <= 100
    kept = set(links.firsts[day])
    written = {key for _, key in links.changed_firsts}
    for number in range(1_000):
        links.observe(f"template::{number}", "b", 1, START_MS)

    assert 25 <= len(kept) <= 100
    assert set(links.groups) <= kept
    assert kept <= written
    assert links.firsts_ratio == {day: 0.25**2}
    links.sweep(START_MS + 3 * DAY_MS)
    assert links.firsts_ratio == {}


def test_links_of_very_many_are_forgotten_when_nobody_uses_them() -> None:
    """Four memories after the last use by an account that is kept, whether or not a worker took over."""
    links, restored = Links(MANY), Links(MANY)
    key, used_ms = "template::t", START_MS + 3 * DAY_MS
    for number in range(60):
        links.observe(key, f"a{number}", 1, START_MS)
    kept = min(links.groups[key].members)
    assert links.observe(key, kept, 1, used_ms)
    restored.restore(key, msgspec.msgpack.decode(msgspec.msgpack.encode(links.groups[key]), type=Group))
    gone_ms = used_ms + 4 * 36 * HOUR_MS

    for hour_ms in range(START_MS, gone_ms + HOUR_MS, HOUR_MS):
        for each in (links, restored):
            each.sweep(hour_ms)
            assert each.groups[key].kept_ratio == 0.25
    for each in (links, restored):
        assert each.sweep(gone_ms + HOUR_MS) == [key]
        assert each.groups == {}
        assert each.keys_of == {}
        assert not each.observe(key, "b", 1, gone_ms + HOUR_MS)
