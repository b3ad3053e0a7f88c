"""Writes the cases of the conformance kit: `python -m tests.conformance.record` after a change of the alert contract.

The expected actions are written down here by hand and owe nothing to the reference consumer.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.alert import Alert, Evidence, RecommendedAction, SpecRef, encode_alert

HERE = Path(__file__).parent
START = datetime(2026, 3, 2, tzinfo=UTC)


def hour(hours: float) -> datetime:
    """Return the instant so many hours after the start of every case."""
    return START + timedelta(hours=hours)


def publication(alert_id: str, version: int, status: str = "open", **changes: Any) -> bytes:
    """Return one publication; it is raised ``version`` hours after the start and by default lasts a day from then."""
    account_ids = tuple(changes.pop("accounts", ("acct_a",)))
    action = changes.pop("action", "throttle")
    alert = Alert(
        event_id=f"{alert_id}.{version}",
        alert_id=alert_id,
        version=version,
        status=status,
        kind="account" if len(account_ids) == 1 and "campaign" not in alert_id else "campaign",
        tenant_id=None,
        account_ids=account_ids,
        opened_at=hour(1),
        raised_at=hour(version),
        published_at=hour(version) + timedelta(seconds=2),
        expires_at=changes.pop("expires_at", hour(version + 24)),
        severity="high",
        confidence=0.9,
        score=12.5,
        exchanges=400 * version,
        output_tokens=None,
        summary="One template, worked through without repeats.",
        evidence=(
            Evidence(
                detector="template", feature="share of one template", observed=0.97, baseline=0.2, unit="ratio",
                weight=4.0, explanation="Prompts have one form.", benign_explanation="A batch job of its own.",
            ),
        ),
        recommended_action=RecommendedAction(type=action, scope="account", duration_seconds=86_400, rationale="Mild."),
        shadow=changes.pop("shadow", False),
        spec=SpecRef(name="default", version="1", fingerprint="f00d"),
        superseded_by=changes.pop("superseded_by", None),
    )  # fmt: skip
    assert not changes, f"unknown: {changes}"
    return encode_alert(alert)


@dataclass
class Case:
    """A recorded stream and what a consumer must do after some of its lines."""

    name: str
    meaning: str
    lines: list[bytes] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)

    def then(self, *lines: bytes) -> "Case":
        """Add publications."""
        self.lines += lines
        return self

    def expect(self, now: datetime, **actions: str) -> "Case":
        """Add a checkpoint: the actions that must be in force after the lines so far, at this time."""
        at = now.isoformat().replace("+00:00", "Z")
        self.checkpoints.append({"after_lines": len(self.lines), "now": at, "actions": actions})
        return self

    def write(self, folder: Path) -> None:
        """Write the two files of the case."""
        target = folder / self.name
        target.mkdir(exist_ok=True)
        target.joinpath("alerts.jsonl").write_bytes(b"".join(line + b"\n" for line in self.lines))
        expected = {"meaning": self.meaning, "checkpoints": self.checkpoints}
        target.joinpath("expected.json").write_text(json.dumps(expected, indent=2) + "\n")


def lifecycle_cases() -> Iterator[Case]:
    """Yield the cases about how an alert begins, goes on and ends."""
    yield (
        Case("open-update-resolve", "An alert is acted on from its first version until it is resolved.")
        .expect(hour(1))
        .then(publication("a", 1))
        .expect(hour(1), acct_a="throttle")
        .then(publication("a", 2, "updated", action="review"))
        .expect(hour(2), acct_a="review")
        .then(publication("a", 3, "resolved", action="review"))
        .expect(hour(3))
    )
    yield (
        Case("retraction-releases", "A retracted alert was wrong: what was done because of it ends at once.")
        .then(publication("a", 1), publication("b", 1, accounts=["acct_b"]))
        .expect(hour(1), acct_a="throttle", acct_b="throttle")
        .then(publication("a", 2, "retracted"))
        .expect(hour(2), acct_b="throttle")
    )


def expiry_cases() -> Iterator[Case]:
    """Yield the cases about alerts that end by themselves, or are not to be acted on."""
    yield (
        Case("expiry-without-a-word", "An alert ends at expires_at, that instant included, although nothing says so.")
        .then(publication("a", 1, expires_at=hour(5)))
        .expect(hour(4.999), acct_a="throttle")
        .expect(hour(5))
        .then(publication("a", 2, "updated", expires_at=hour(8)))
        .expect(hour(7.9), acct_a="throttle")
        .expect(hour(8.1))
    )
    yield (
        Case("expiry-may-come-nearer", "The newest version's expiry counts, also when it is earlier.")
        .then(publication("a", 1, expires_at=hour(50)), publication("a", 2, "updated", expires_at=hour(10)))
        .expect(hour(9), acct_a="throttle")
        .expect(hour(11))
    )
    yield (
        Case("shadow-is-only-watched", "A shadow is never acted on; an alert may become one, and stop being one.")
        .then(publication("a", 1, shadow=True))
        .expect(hour(1))
        .then(publication("a", 2, "updated"))
        .expect(hour(2), acct_a="throttle")
        .then(publication("a", 3, "updated", shadow=True))
        .expect(hour(3))
    )
    yield (
        Case(
            "expired-is-published-too", "A publication may say that an alert expired, before the consumer's clock does."
        )
        .then(publication("a", 1), publication("a", 2, "expired"))
        .expect(hour(2))
    )


FIRST, SECOND, THIRD = (
    publication("a", 1),
    publication("a", 2, "updated", action="review"),
    publication("a", 3, "retracted"),
)
OTHER = publication("b", 1, accounts=["acct_b"])
"""Three versions of one alert, and another alert."""


def delivery_cases() -> Iterator[Case]:
    """Yield the cases about how publications arrive."""
    yield (
        Case("duplicates-count-once", "Publications are repeated; a repeat changes nothing.")
        .then(FIRST, FIRST, SECOND, SECOND, SECOND)
        .expect(hour(2), acct_a="review")
        .then(THIRD, THIRD)
        .expect(hour(3))
    )
    yield (
        Case(
            "replay-after-a-restart",
            "The service was killed and publishes its last alerts again, older ones behind newer.",
        )
        .then(FIRST, SECOND, OTHER, THIRD)
        .expect(hour(3), acct_b="throttle")
        .then(FIRST)
        .expect(hour(3), acct_b="throttle")
        .then(SECOND, OTHER, THIRD)
        .expect(hour(3), acct_b="throttle")
    )
    yield (
        Case(
            "gaps-are-normal", "A compacted topic keeps only the newest version: numbers are missing, nothing else is."
        )
        .then(publication("a", 4, "updated", action="verify"), publication("b", 7, "resolved", accounts=["acct_b"]))
        .expect(hour(4), acct_a="verify")
        .then(publication("a", 9, "resolved"))
        .expect(hour(9))
    )
    yield (
        Case(
            "a-gap-hides-an-end",
            "A compacted topic keeps one alert of each account's own: with the next the last has ended, in any order.",
        )
        .then(publication("a", 1, action="review"))
        .expect(hour(1), acct_a="review")
        .then(publication("b", 5, action="verify"))
        .expect(hour(5), acct_a="verify")
        .then(publication("a", 2, "updated", action="review"))
        .expect(hour(5), acct_a="verify")
        .then(publication("c", 5, "resolved"))
        .expect(hour(5), acct_a="verify")
        .then(publication("a-campaign", 3, accounts=["acct_a", "acct_b", "acct_c"], action="throttle"))
        .expect(hour(5), acct_a="throttle", acct_b="throttle", acct_c="throttle")
    )


def order_cases() -> Iterator[Case]:
    """Yield the cases about publications out of order, and about what is none."""
    yield (
        Case(
            "end-before-beginning",
            "The end of an alert may arrive before its first version, which then counts for nothing.",
        )
        .then(THIRD)
        .expect(hour(3))
        .then(FIRST, SECOND)
        .expect(hour(3))
    )
    yield (
        Case(
            "state-then-history",
            "A consumer that reads the state and then the whole alert topic ends where the state was.",
        )
        .then(publication("a", 3, "retracted"), publication("b", 2, "updated", accounts=["acct_b"], action="review"))
        .expect(hour(3), acct_b="review")
        .then(FIRST, OTHER, SECOND, publication("b", 2, "updated", accounts=["acct_b"], action="review"), THIRD)
        .expect(hour(3), acct_b="review")
    )
    later_version = json.loads(publication("c", 1, accounts=["acct_c"])) | {"schema_version": "2"}
    yield (
        Case("unreadable-is-passed-over", "What is no alert of version 1 is never acted on; unknown fields are fine.")
        .then(FIRST, b"not json", b"{}", json.dumps(later_version).encode())
        .expect(hour(1), acct_a="throttle")
        .then(json.dumps(json.loads(OTHER) | {"mood": "calm"}).encode())
        .expect(hour(1), acct_a="throttle", acct_b="throttle")
    )  # fmt: skip


def group_cases() -> Iterator[Case]:
    """Yield the cases about campaigns, and about alerts that go into one."""
    yield (
        Case("members-come-and-go", "Each version lists all members: who is not listed any more is released.")
        .then(publication("campaign_1", 1, accounts=["acct_a", "acct_b"]))
        .expect(hour(1), acct_a="throttle", acct_b="throttle")
        .then(publication("campaign_1", 2, "updated", accounts=["acct_b", "acct_c"]))
        .expect(hour(2), acct_b="throttle", acct_c="throttle")
        .then(publication("campaign_1", 3, "resolved", accounts=["acct_b", "acct_c"]))
        .expect(hour(3))
    )
    folded = publication("a", 2, "superseded", superseded_by="campaign_1")
    campaign = publication("campaign_1", 1, accounts=["acct_a", "acct_b"], action="review")
    yield (
        Case(
            "supersession-hands-over", "An account's alert goes into a campaign's: from then on the campaign's counts."
        )
        .then(publication("a", 1), campaign, folded)
        .expect(hour(2), acct_a="review", acct_b="review")
        .then(publication("campaign_1", 2, "retracted", accounts=["acct_a", "acct_b"]))
        .expect(hour(2))
    )
    yield (
        Case("supersession-in-any-order", "The two publications of a handover may arrive the other way round.")
        .then(publication("a", 1), folded)
        .expect(hour(2))
        .then(campaign)
        .expect(hour(2), acct_a="review", acct_b="review")
    )


def overlap_cases() -> Iterator[Case]:
    """Yield the cases about accounts that several alerts name."""
    yield (
        Case("campaigns-merge", "Two campaigns become one; both old ones point to it.")
        .then(publication("campaign_1", 1, accounts=["acct_a"]), publication("campaign_2", 1, accounts=["acct_b"]))
        .then(publication("campaign_3", 1, accounts=["acct_a", "acct_b", "acct_c"]))
        .then(publication("campaign_1", 2, "superseded", accounts=["acct_a"], superseded_by="campaign_3"))
        .then(publication("campaign_2", 2, "superseded", accounts=["acct_b"], superseded_by="campaign_3"))
        .expect(hour(2), acct_a="throttle", acct_b="throttle", acct_c="throttle")
    )
    yield (
        Case("a-campaign-splits", "One campaign turns out to be two; it points to the larger, and both go on.")
        .then(publication("campaign_1", 1, accounts=["acct_a", "acct_b", "acct_c"]))
        .expect(hour(1), acct_a="throttle", acct_b="throttle", acct_c="throttle")
        .then(
            publication(
                "campaign_1", 2, "superseded", accounts=["acct_a", "acct_b", "acct_c"], superseded_by="campaign_2"
            )
        )
        .then(publication("campaign_2", 1, accounts=["acct_a", "acct_b"], action="review"))
        .then(publication("campaign_3", 1, accounts=["acct_c"]))
        .expect(hour(2), acct_a="review", acct_b="review", acct_c="throttle")
        .then(publication("campaign_3", 2, "retracted", accounts=["acct_c"]))
        .expect(hour(2), acct_a="review", acct_b="review")
    )
    yield (
        Case(
            "the-strictest-counts", "While several alerts name an account the strictest action is taken, then the next."
        )
        .then(publication("a", 1, action="verify"))
        .then(publication("campaign_1", 1, accounts=["acct_a", "acct_b"], action="suspend", expires_at=hour(9)))
        .then(publication("b", 1, accounts=["acct_b"], action="throttle"))
        .expect(hour(2), acct_a="suspend", acct_b="suspend")
        .expect(hour(10), acct_a="verify", acct_b="throttle")
        .then(publication("a", 2, "updated", action="observe"))
        .expect(hour(10), acct_a="observe", acct_b="throttle")
    )


def recorded_cases() -> list[Case]:
    """Return all cases of the kit."""
    return [
        *lifecycle_cases(),
        *expiry_cases(),
        *delivery_cases(),
        *order_cases(),
        *group_cases(),
        *overlap_cases(),
    ]


if __name__ == "__main__":
    for case in recorded_cases():
        case.write(HERE)
