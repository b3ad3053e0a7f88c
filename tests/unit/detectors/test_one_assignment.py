"""One assignment: accounts that share a link and send the same prompts are no campaign."""

import pytest

from detectors.spec import parse_spec
from tests.unit.detectors.test_groups import EVEN, linked, threshold_nats


def sent(accounts: int, prompts: int, shared: int) -> tuple[str, ...]:
    """What stands for so many prompts of each account, the first ones of which all send."""
    return tuple(
        "".join(f"s{place:02d}" if place < shared else f"{chr(48 + number)}{place:02d}" for place in range(prompts))
        for number in range(accounts)
    )


@pytest.mark.parametrize("kind", ["configuration", "template", "payment", "device"])
@pytest.mark.parametrize(
    ("prompts", "shared", "is_found"),
    [
        (20, 0, True),  # a list that is spread
        (20, 2, True),  # a tenth is the same
        (20, 3, False),  # more is one assignment
        (64, 64, False),
        (16, 16, False),
        (15, 15, True),  # a few orders that anybody gives
    ],
)
def test_who_sends_the_same_prompts_has_one_assignment(kind: str, prompts: int, shared: int, is_found: bool) -> None:
    """Of a list that is spread over accounts each gets its own part."""
    evidence = linked(f"{kind}::k", EVEN, texts=sent(len(EVEN), prompts, shared))

    assert (evidence is not None) is is_found


@pytest.mark.parametrize(("told", "is_found"), [(5, False), (4, True)])
def test_a_few_accounts_do_not_tell_what_most_of_them_send(told: int, is_found: bool) -> None:
    """Of ten with an even load half must have sent enough."""
    texts = sent(told, 20, 20) + sent(10 - told, 15, 15)

    assert (linked("template::k", EVEN, texts=texts) is not None) is is_found


def test_what_would_name_nobody_is_told_all_the_same() -> None:
    """Evidence below the threshold says how far a link is from it, whatever its accounts send."""
    patient = parse_spec("false_alarms: {days_per_false_campaign: 100000}", "x")
    same, own = (
        linked("template::k", [10, 11, 9, 10, 10], spec=patient, texts=sent(5, 20, shared)) for shared in (20, 0)
    )

    assert own is not None
    assert own.nats < threshold_nats(patient)
    assert same == own


def test_takeovers_support_nobody_who_has_one_assignment() -> None:
    """Where only they bring the evidence to the threshold the accounts would be named as well."""
    patient = parse_spec("false_alarms: {days_per_false_campaign: 100000}", "x")
    same, own = (
        linked("template::k", [10, 11, 9, 10, 10], spec=patient, took_over=(90, 90), texts=sent(5, 20, shared))
        for shared in (20, 0)
    )

    assert own is not None
    assert own.nats > threshold_nats(patient)
    assert same is None
