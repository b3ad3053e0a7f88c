"""Reasons: every feature can be explained, in words that fit the contract."""

import pytest

from detectors.even_load import Dealt, GroupEvidence, Takeovers
from detectors.harvest import Judgement
from detectors.link_key import LINK_KINDS
from detectors.reasons import account_reasons, alike_reasons, group_reasons, kin_reasons
from detectors.spec import DetectorSpec
from detectors.suspicion import FEATURES

SPEC = DetectorSpec()


def test_every_feature_has_its_texts() -> None:
    """What was seen, in which unit, what it means, and which honest cause would look the same."""
    size = len(FEATURES)
    judgement = Judgement((9.0,) * size, (2.5,) * size, 9.0)
    reasons = account_reasons(judgement)

    assert [reason.feature for reason in reasons] == list(FEATURES)
    assert all(reason.unit and reason.explanation and reason.benign_explanation for reason in reasons)
    assert len({reason.explanation for reason in reasons}) == size


def test_what_is_usual_is_no_reason() -> None:
    """Only features that are rarer than one account-day in seven are told."""
    nats = (2.0,) + (1.9,) * (len(FEATURES) - 1)
    reasons = account_reasons(Judgement((9.0,) * len(FEATURES), nats, 2.0))

    assert [(reason.feature, reason.nats) for reason in reasons] == [(FEATURES[0], 2.0)]


def test_where_all_is_usual_the_least_usual_is_told() -> None:
    """Who asks for many accounts gets some that show little; no alert goes without a reason."""
    nats = (0.3, 1.9) + (0.0,) * (len(FEATURES) - 2)
    reasons = account_reasons(Judgement((9.0,) * len(FEATURES), nats, 2.0))

    assert [(reason.feature, reason.nats) for reason in reasons] == [(FEATURES[1], 1.9)]


@pytest.mark.parametrize("kind", LINK_KINDS)
def test_a_group_is_explained_by_the_kind_of_its_link(kind: str) -> None:
    """Both reasons name the kind and neither the tenant nor the value."""
    evidence = GroupEvidence(("a", "b"), 12.0, 20.0, 0.4, 0.8, 0.7, False)
    reasons = group_reasons(SPEC, evidence, f"{kind}:tenant-x:value-x")

    assert sum(reason.nats for reason in reasons) == 12.0
    for reason in reasons:
        assert kind in reason.feature
        assert "tenant-x" not in repr(reason)
        assert "value-x" not in repr(reason)
        assert reason.benign_explanation


def test_takeovers_are_explained_beside_the_even_load() -> None:
    """How often it was and how often it would be by chance; all evidence is counted once, and next to none not told."""
    takeovers = Takeovers(9, 11, 3.5)
    for dealt in (None, Dealt(("a", "b"), 9.0, 0.9)):
        evidence = GroupEvidence(("a", "b"), 12.0, 20.0, 0.4, 0.8, 0.7, dealt=dealt, takeovers=takeovers)
        *rest, told = group_reasons(SPEC, evidence, "configuration:t:v")

        assert (told.observed, told.baseline, told.unit, told.nats) == (9.0, 5.5, "refusals", 3.5)
        assert "9 of 11 times" in told.explanation
        assert sum(reason.nats for reason in rest) == 8.5

    weak = GroupEvidence(("a", "b"), 12.0, 20.0, 0.4, 0.8, 0.7, takeovers=Takeovers(0, 3, -0.5))
    assert [reason.nats for reason in group_reasons(SPEC, weak, "configuration:t:v")] == [12.0, 0.0]


def test_alike_accounts_are_explained_without_a_link() -> None:
    """How many and how much is told, with an honest cause, and all evidence is counted once."""
    evidence = GroupEvidence(("a", "b"), 12.0, 20.0, 0.4, 0.8, 0.7)
    even, crowd = alike_reasons(SPEC, evidence)

    assert (even.nats, crowd.nats) == (12.0, 0.0)
    assert (even.observed, crowd.observed) == (0.4, 0.7)
    assert "2 accounts" in even.explanation
    assert "20 exchanges a day" in even.explanation
    assert all(reason.benign_explanation for reason in (even, crowd))


def test_a_gap_is_told_from_an_even_load() -> None:
    """Who is above a gap shares the link with others; the reason says so, and its evidence is counted once."""
    evidence = GroupEvidence(("a", "b"), 12.0, 20.0, 0.4, 0.1, 0.7, is_apart=True)
    gap, crowd = group_reasons(SPEC, evidence, "template:x")

    assert (gap.feature, gap.nats, crowd.nats) == ("gap over a shared template", 12.0, 0.0)
    assert "2 accounts" in gap.explanation
    assert "in between" in gap.explanation
    assert gap.benign_explanation


def test_conversations_are_told_from_requests() -> None:
    """The rate is of all exchanges, and the reason says so."""
    evidence = GroupEvidence(("a", "b"), 12.0, 20.0, 0.4, 0.9, 0.7, is_spoken=True)
    even, crowd = group_reasons(SPEC, evidence, "template:x")

    assert (even.feature, even.nats, crowd.nats) == ("even conversations over a shared template", 12.0, 0.0)
    assert "2 accounts" in even.explanation
    assert "20 exchanges a day each, turns of conversations among them" in even.explanation
    assert even.benign_explanation


def test_a_slow_list_is_explained_by_load_and_by_what_is_asked() -> None:
    """Neither would do alone, so each has half of the evidence."""
    evidence = GroupEvidence(("a", "b"), 12.0, 2.0, 0.4, 0.9, 0.7, dealt=Dealt(("a", "b"), 30.0, 0.85))
    even, dealt, crowd = group_reasons(SPEC, evidence, "template:x")

    assert [reason.nats for reason in (even, dealt, crowd)] == [6.0, 6.0, 0.0]
    assert even.feature == "even load over a shared template"
    assert dealt.feature == "interchangeable accounts on a shared template"
    assert (dealt.observed, dealt.baseline) == (0.85, SPEC.interchange.incoherent_ratio)
    assert "2 accounts" in dealt.explanation
    assert dealt.benign_explanation


def test_conversations_of_interchangeable_accounts_are_told_by_both() -> None:
    """All exchanges are meant where turns are counted, also where the load alone would not do."""
    evidence = GroupEvidence(("a", "b"), 9.0, 20.0, 0.4, 0.9, 0.7, is_spoken=True, dealt=Dealt(("a", "b"), 30.0, 0.85))
    even, dealt, crowd = group_reasons(SPEC, evidence, "configuration:x")

    assert [reason.nats for reason in (even, dealt, crowd)] == [4.5, 4.5, 0.0]
    assert even.feature == "even conversations over a shared configuration"
    assert dealt.feature == "interchangeable accounts on a shared configuration"


def test_of_many_members_the_least_sure_are_told() -> None:
    """Sixteen at most, and as many as an explanation has room for, however long their ids are."""
    _, told = kin_reasons({f"acct_{n:03d}": 12.0 + n for n in range(99)}, 12.0)
    assert told.explanation.count("acct_") == 16
    assert told.explanation.partition(": ")[2].startswith("acct_000 0.9939, acct_001 0.9977, ")

    _, long = kin_reasons({f"{n:03d}" + "x" * 253: 12.0 + n for n in range(99)}, 12.0)
    assert len(long.explanation) <= 1024
    assert long.explanation.count("xxx ") == 3
    assert kin_reasons({}, 12.0) == []
