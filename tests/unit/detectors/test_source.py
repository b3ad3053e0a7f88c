"""Source: the evidence of one account is capped."""

from detectors.source import STYLE_CAP, Sample, Source, fit_source
from tests.unit.detectors.samples import heard_of, sent


def test_evidence_of_one_account_is_capped() -> None:
    """Sixty prompts that only the members send count 12 nats for what they ask and 8 for their style."""
    members = [sent(["a"] * 30 + ["b"] * 30, ["a"] * 60, ["b"] * 60) for _ in range(3)]
    others = [sent(["c"] * 60, ["c"] * 60, ["d"] * 60) for _ in range(60)]
    source = fit_source(members, heard_of([*members, *others]).of(None))
    new = sent([*"aabb"] * 15, ["a"] * 60, ["b"] * 60)

    assert 0 < Sample(new).asked_nats(source) <= 12
    assert Sample(new).style_nats(source) == STYLE_CAP
    assert -6 <= Sample(others[0]).style_nats(source) < 0
    assert Sample(new).asked_nats(Source()) == 0


def test_what_is_written_in_which_form_is_told_although_each_is_common() -> None:
    """Of two topics and two forms the members write one in each, everybody else the same in the other one."""
    members = [sent(["a"] * 60, ["a", "b"] * 30, ["x", "y"] * 30) for _ in range(3)]
    others = [sent(["a"] * 60, ["a", "b"] * 30, ["y", "x"] * 30) for _ in range(60)]
    source = fit_source(members, heard_of([*members, *others]).of(None))
    of_list, of_others = (Sample(sent("a" * 20, "ab" * 10, forms * 10)).style_nats(source) for forms in ("xy", "yx"))

    assert of_list > 2
    assert of_others < 0.5
