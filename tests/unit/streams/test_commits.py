"""Commits: nothing is committed before it is stored, nor beyond what a stage has seen; what is missing is no secret."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from detectors.spec import DetectorSpec
from streams.alerts import AlertStage
from streams.checkpoint import Checkpoints
from streams.dead_letters import TooManyDeadLetters
from streams.feedback import FeedbackStage
from streams.offsets import Start
from streams.stage import MessagesGone, MessagesMissing, StatefulStage, StateLost, is_next
from streams.state_log import StateDisturbed
from streams.worker import Worker
from tests.unit.streams.memory import SETTINGS, record

PLACE = TP("in", 0)


class Steps:
    """A publisher and a stage that note what is asked of them, in order."""

    def __init__(self, *, is_included: bool = True, is_disturbed: bool = False) -> None:
        self.taken: list[str] = []
        self._is_included = is_included
        self._is_disturbed = is_disturbed

    async def stored(self) -> None:
        """Everything published so far is stored."""
        self.taken.append("stored")

    async def publish_state(self, number: int) -> None:
        """The state is on its way."""
        self.taken.append(f"state of {number}")

    def check_undisturbed(self) -> None:
        """Another worker may have written meanwhile."""
        self.taken.append("looked")
        if self._is_disturbed:
            raise StateDisturbed("in/0")

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """What may be committed."""
        return OffsetAndMetadata(offset, f"of {number}") if self._is_included else None


def commits(steps: Steps) -> dict[TP, OffsetAndMetadata]:
    """What may be committed of a partition that was processed up to 7."""
    return asyncio.run(Checkpoints(steps, {"in": steps}).write({PLACE: 7}))  # type: ignore[arg-type, dict-item]


def test_a_commit_waits_for_all_that_it_stands_for() -> None:
    """For what was published, then for the state; in between nobody else may have written."""
    steps = Steps()

    assert commits(steps) == {PLACE: OffsetAndMetadata(7, "of 0")}
    assert steps.taken == ["stored", "state of 0", "stored", "looked"]


def test_what_the_state_does_not_include_is_not_committed() -> None:
    """Nor is a state written that would stand for it."""
    steps = Steps(is_included=False)

    assert commits(steps) == {}
    assert "state of 0" not in steps.taken


def test_nothing_is_committed_when_another_worker_has_written() -> None:
    """Its successor goes on from the last commit."""
    with pytest.raises(StateDisturbed):
        commits(Steps(is_disturbed=True))


class State:
    """A state log in which a partition has come as far as told."""

    def __init__(self, included: int, kept: Collection[int] = ()) -> None:
        self._included = included
        self._kept = set(kept)

    async def current(self, numbers: Collection[int]) -> set[int]:
        """To these nobody else has written."""
        return self._kept & set(numbers)

    async def restore(self, partitions: Mapping[int, Any], _: Callable[[], None]) -> None:
        """Bring new partitions there."""
        for partition in partitions.values():
            partition.next_offset = self._included


END = 10
"""Offset after the last message of every partition."""


@pytest.fixture(autouse=True)
def _ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def end_offsets(_: Any, __: str, numbers: Collection[int]) -> dict[int, int]:
        return dict.fromkeys(numbers, END)

    monkeypatch.setattr("streams.stage.end_offsets", end_offsets)


def stateful(state: State) -> StatefulStage[Any]:
    """A stage with this state."""
    return StatefulStage("links", SETTINGS, state, lambda _: SimpleNamespace(next_offset=0), lambda: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["alerts", "feedback", "links"])
def test_no_stage_commits_what_it_has_not_processed(name: str) -> None:
    """An ack of an earlier assignment may ask for it; it would be lost."""
    stage: Any = {
        "alerts": AlertStage(SETTINGS, None, None, lambda: None),  # type: ignore[arg-type]
        "feedback": FeedbackStage(SETTINGS, None, None),  # type: ignore[arg-type]
        "links": stateful(State(0)),
    }[name]
    stage.partitions[0] = 5 if name == "feedback" else SimpleNamespace(next_offset=5)

    assert [stage.commit_at(0, offset) is not None for offset in (4, 5, 6)] == [True, True, False]
    assert stage.commit_at(1, 4) is None


@pytest.mark.parametrize(("offset", "is_new"), [(6, False), (7, True)])
@pytest.mark.parametrize("is_gapless", [False, True])
def test_what_the_state_includes_is_passed_over(offset: int, is_new: bool, is_gapless: bool) -> None:
    """Of what is read again only the rest counts."""
    assert is_next(record("links", 0, offset, None, b"", []), 7, is_gapless) is is_new


def test_a_message_that_was_never_delivered_stops_the_worker() -> None:
    """One is enough, in a topic without gaps; the transactions of others leave some."""
    behind_a_gap = record("links", 0, 8, None, b"", [])

    with pytest.raises(MessagesMissing, match="1 messages before offset 8"):
        is_next(behind_a_gap, 7, is_gapless=True)
    assert is_next(behind_a_gap, 7, is_gapless=False)


@pytest.mark.parametrize(
    ("included", "start", "is_lost"),
    [
        (6, Start(7, "checkpointed", 0), True),
        (7, Start(7, "checkpointed", 0), False),
        # Three expired before they were read: what the state lacks besides is none of them.
        (6, Start(10, "checkpointed", 3), True),
        (7, Start(10, "checkpointed", 3), False),
        # Somebody has moved the group on.
        (0, Start(7, "", 0), False),
    ],
)
def test_a_state_behind_its_commit_is_lost(included: int, start: Start, is_lost: bool) -> None:
    """What was committed is not read again, so the worker must not go on without it."""
    stage = stateful(State(included))
    if is_lost:
        with pytest.raises(StateLost, match=f"below {included}"):
            asyncio.run(stage.assign({0: start}))
    else:
        asyncio.run(stage.assign({0: start}))
        assert stage.next_offset(0) == max(included, start.offset)


def test_a_topic_that_was_made_anew_stops_the_worker() -> None:
    """Its messages would be taken for those that the state includes, until there are as many, and nobody would know."""
    asyncio.run(stateful(State(END)).assign({0: Start(0, "", 0)}))

    with pytest.raises(MessagesGone, match="links/0 ends at offset 10, but its state includes all below 11"):
        asyncio.run(stateful(State(END + 1)).assign({0: Start(0, "", 0)}))


def test_only_what_is_assigned_is_kept() -> None:
    """And of that what nobody else has touched; the rest is restored."""
    stage = stateful(State(3, kept=(0, 1, 2)))
    stage.partitions = {number: SimpleNamespace(next_offset=9) for number in (0, 1)}
    asyncio.run(stage.assign({1: Start(9, "", 0), 4: Start(2, "", 0)}))

    assert {number: partition.next_offset for number, partition in stage.partitions.items()} == {1: 9, 4: 3}


def test_the_letters_for_which_a_worker_stops_are_stored_first() -> None:
    """Whoever reads why it stopped is sent to them."""
    steps, worker = Steps(), Worker(SETTINGS, DetectorSpec())

    def process(number: int, records: list[Any]) -> None:
        raise TooManyDeadLetters(f"{len(records)} in {number}")

    worker.publisher = steps  # type: ignore[assignment]
    worker.stages = {"in": SimpleNamespace(process=process)}
    with pytest.raises(TooManyDeadLetters):
        asyncio.run(worker.process(PLACE, []))

    assert steps.taken == ["stored"]
