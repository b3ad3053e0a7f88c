"""Kin: the logarithm of a Poisson likelihood ratio, against its definition."""

import math

import pytest

from detectors.groups import GroupDetector
from detectors.kin import find_kin
from detectors.spec import DetectorSpec, Kin
from tests.unit.detectors.samples import START_MS

SPEC = Kin(min_exchanges=5, least_exchanges=1, nats_to_join=0.01, min_weight=0.1, min_carriers=0.1)
MEMBERS = ["m1", "m2", "m3"]
RATES = {"m1": 10.0, "m2": 10.0, "m3": 10.0, "kin": 6.0, "busy": 500.0, "other": 40.0}
COUNTS = {
    "template::w": {"m1": 6, "m2": 5, "m3": 7, "kin": 3, "busy": 4},
    "configuration::c": {"m1": 2, "m2": 4, "kin": 2, "other": 3},
    "payment::p": {"m1": 10, "m2": 10, "m3": 10, "other": 40},
}


def groups(counts: dict[str, dict[str, int]]) -> GroupDetector:
    """Links with so many exchanges of each account, all of them now."""
    detector = GroupDetector(DetectorSpec())
    for key, of_account in counts.items():
        for account_id in sorted(of_account) * 2:
            # The first mention only tells that the link has a second account.
            detector.observe(key, account_id, 0, START_MS)
        for account_id, count in of_account.items():
            detector.observe(key, account_id, count, START_MS)
    return detector


def found(rates: dict[str, float], accused: set[str] = frozenset()) -> dict[str, float]:  # type: ignore[assignment]
    """Kin of the members and their evidence."""
    return dict(find_kin(SPEC, groups(COUNTS), MEMBERS, accused, rates, START_MS))


def poisson_nats(account_id: str, rates: dict[str, float]) -> float:
    """Log of the ratio of Poisson likelihoods of an account's marks, means p N and q N; counts as capped as written."""
    inside = sum(rates[member] for member in MEMBERS)
    outside = sum(rates.values()) - inside
    total = 0.0
    for key in ("template::w", "configuration::c"):
        counts = COUNTS[key]
        p = sum(counts.get(member, 0) for member in MEMBERS) / inside
        q = (sum(min(n, 4) for a, n in counts.items() if a not in MEMBERS) + 0.5) / outside
        count, exchanges = min(3, counts.get(account_id, 0)), rates[account_id]
        member = count * math.log(p * exchanges) - p * exchanges - math.lgamma(count + 1)
        honest = count * math.log(q * exchanges) - q * exchanges - math.lgamma(count + 1)
        total += member - honest
    return total


def test_it_is_a_likelihood_ratio() -> None:
    """Evidence is what the Poisson law gives for marks by words and configuration; a payment is none."""
    assert found(RATES) == {"kin": pytest.approx(poisson_nats("kin", RATES))}


def test_volume_alone_is_no_kinship() -> None:
    """The same marks among five hundred exchanges speak against, and what an accused account adds to q is nothing."""
    assert poisson_nats("busy", RATES) < 0
    assert "busy" not in found(RATES)
    assert found(RATES, {"busy", "kin", "other"})["kin"] > found(RATES)["kin"]


def test_little_traffic_says_nothing() -> None:
    """With too few exchanges of members, of the account, or of anybody else nobody is kin."""
    assert found(RATES | {"m1": 1.0, "m2": 1.0, "m3": 1.0}) == {}
    assert "kin" not in found(RATES | {"kin": 0.5})
    assert found(dict.fromkeys(MEMBERS, 10.0)) == {}
