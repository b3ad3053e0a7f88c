"""Scores of alerts against labels, by cases small enough to count by hand."""

from collections import Counter

import pytest

from streams.labels import Labels
from streams.labels import score as backtest_score
from tests.unit.tuning.samples import alert, at_ms
from tuning.campaign_runs import run_of
from tuning.corpus import Campaign, Truth
from tuning.scores import scored

TRUTH = Truth(
    kinds={"honest_1": "class", "honest_2": "class", "honest_3": "gateway"},
    campaigns={
        "one": Campaign("one", "solo", "fixed"),
        "two": Campaign("two", "hydra", "none"),
        "three": Campaign("three", "hydra", "none"),
    },
    exchanges={
        "one": [(at_ms(h), "a") for h in (1, 2, 3, 4)],
        "two": [(at_ms(1), "b"), (at_ms(2), "c"), (at_ms(5), "b"), (at_ms(6), "c"), (at_ms(7), "d")],
        "three": [(at_ms(1), "e"), (at_ms(2), "e")],
    },
    honest_days={"honest_1": 3, "honest_2": 3, "honest_3": 4},
)


def test_leaked_is_what_came_before_its_account_was_named() -> None:
    """An exchange at the very moment of the alert is seen; families are averaged first, then the mean is taken."""
    score = scored(TRUTH, [alert("x", 3, ["a"]), alert("campaign", 5, ["b", "c"])])

    assert score.leaked == {"one": 2 / 4, "two": 3 / 5, "three": 1.0}
    assert score.by_family == {"hydra": pytest.approx(0.8), "solo": 0.5}
    assert score.macro == pytest.approx(0.65)
    assert score.members_named == {"one": 1, "two": 2, "three": 0}


def test_whoever_an_update_leaves_out_is_named_no_more() -> None:
    """Two accounts named at 1, one of them only at 3: what the other sends from then on leaks."""
    whole = scored(TRUTH, [alert("campaign", 1, ["a", "b"])])
    partly = scored(TRUTH, [alert("campaign", 1, ["a", "b"]), alert("campaign", 3, ["b"], "updated")])
    again = scored(
        TRUTH, [alert("campaign", 1, ["a", "b"]), alert("campaign", 1, ["b"], "updated"), alert("x", 1, ["a"])]
    )

    assert (whole.leaked["one"], partly.leaked["one"], again.leaked["one"]) == (0, 2 / 4, 0)
    assert whole.leaked["two"] == partly.leaked["two"] == again.leaked["two"] == 3 / 5


OWN_THEN_LET_GO = [
    alert("own", 1, ["a"]), alert("campaign", 2, ["a", "b"]), alert("campaign", 3, ["b"], "updated"),
]  # fmt: skip
"""An account that has an alert of its own, whom a campaign takes in and lets go of."""


def test_an_account_is_named_while_any_alert_names_it() -> None:
    """That a campaign lets it go takes nothing from its own alert, until that is retracted."""
    retracted = [*OWN_THEN_LET_GO, alert("own", 4, ["a"], "retracted")]

    assert scored(TRUTH, OWN_THEN_LET_GO).leaked["one"] == 0
    assert scored(TRUTH, retracted).leaked["one"] == 1 / 4


def test_who_was_handed_over_is_named_by_the_successor_alone() -> None:
    """Its own alert went into the campaign's, so when that lets it go nothing names it; at no moment between."""
    handed_over = [
        alert("own", 1, ["a"]), alert("own", 2, ["a"], "superseded", superseded_by="campaign"), *OWN_THEN_LET_GO[1:],
    ]  # fmt: skip

    assert scored(TRUTH, handed_over).leaked["one"] == 2 / 4


def test_who_was_named_by_an_alert_that_is_over_stays_named() -> None:
    """Resolved and expired alerts were right; only who is let go of, or named in error, is named no more."""
    for status in ("resolved", "expired"):
        assert scored(TRUTH, [alert("own", 1, ["a"]), alert("own", 2, ["a"], status)]).leaked["one"] == 0


def test_one_campaign_among_honest_traffic_is_scored_alike() -> None:
    """What leaks of a simulated campaign is what leaks of a labelled one, with releases, retractions and shadows."""
    for alerts in (
        OWN_THEN_LET_GO,
        [*OWN_THEN_LET_GO, alert("own", 4, ["a"], "retracted")],
        [alert("campaign", 1, ["a", "b"]), alert("campaign", 3, ["b"], "updated")],
        [alert("x", 2, ["a"], shadow=True), alert("y", 3, ["honest_1"])],
    ):
        run, score = run_of(TRUTH.exchanges["one"], {"a"}, alerts), scored(TRUTH, alerts)

        assert run.leaked / run.exchanges == score.leaked["one"]
        assert run.accounts_named == score.members_named["one"]
        assert run.before_first == (0 if run.accounts_named else None)
        assert run.honest_named == len({a for its in alerts for a in its.account_ids if not its.shadow} - {"a"})


def test_a_retraction_undoes_an_alert_from_its_time_on() -> None:
    """Named at 1, retracted at 3: what follows leaks; the campaign was found all the same."""
    score = scored(TRUTH, [alert("x", 3, ["a"], "retracted"), alert("x", 1, ["a"])])

    assert score.leaked["one"] == 2 / 4
    assert score.found == {"one"}


def test_who_is_named_after_the_end_is_not_found() -> None:
    """An alert after the last exchange finds nothing, one at the last exchange does; shadows name nobody."""
    late = scored(TRUTH, [alert("x", 5, ["a"]), alert("y", 2, ["e"]), alert("z", 1, ["b"], shadow=True)])

    assert late.found == {"three"}
    assert late.leaked["two"] == 1.0


def test_honest_accounts_count_once_by_how_they_were_first_named() -> None:
    """Named alone first, then as a member: alone. Per 1,000 honest account-days, of which there are ten."""
    score = scored(
        TRUTH,
        [
            alert("x", 2, ["honest_1"]), alert("campaign", 4, ["honest_1", "honest_2", "b"]),
            alert("x", 5, ["honest_1"], "updated"),
        ],
    )  # fmt: skip

    assert (score.alone, score.as_members) == ({"honest_1"}, {"honest_2"})
    assert score.false_per_1000 == 1000 * 2 / 10
    low, high = score.false_interval
    assert low == pytest.approx(24.2, rel=0.1)  # the exact Poisson interval of a count of 2 is 0.242 to 7.225
    assert high == pytest.approx(722.5, rel=0.01)


def test_a_group_is_honest_when_most_of_those_it_opens_on_are() -> None:
    """Half is not most, later versions do not count, and accounts named by themselves are no group."""
    score = scored(
        TRUTH,
        [
            alert("campaign_1", 1, ["honest_1", "honest_2", "b"]), alert("campaign_2", 1, ["honest_3", "c"]),
            alert("campaign_2", 2, ["honest_3", "c", "honest_2"], "updated"), alert("x", 1, ["honest_3"]),
        ],
    )  # fmt: skip

    assert score.groups == (Counter({"class": 2}),)


def test_backtests_find_the_same() -> None:
    """The product's own score of the same alerts is equal; of it, only who is named when is shared."""
    alerts = [
        *OWN_THEN_LET_GO, alert("x", 3, ["a"]), alert("campaign", 5, ["b", "c", "honest_1"]),
        alert("x", 4, ["a"], "retracted"), alert("y", 2, ["honest_3"]),
        alert("campaign", 6, ["b", "honest_1"], "updated"),
    ]  # fmt: skip
    labels = Labels(
        benign=frozenset(TRUTH.kinds),
        families={campaign_id: campaign.family for campaign_id, campaign in TRUTH.campaigns.items()},
        attacks={},
        exchanges=TRUTH.exchanges,  # type: ignore[arg-type]
        benign_days={(account_id, day) for account_id, days in TRUTH.honest_days.items() for day in range(days)},
    )
    theirs, ours = backtest_score(labels, alerts), scored(TRUTH, alerts)

    assert theirs.leaked == pytest.approx(ours.macro)
    assert theirs.leaked_by_family == pytest.approx(ours.by_family)
    assert (theirs.found, theirs.false_per_1000) == (ours.found_ratio, ours.false_per_1000)
