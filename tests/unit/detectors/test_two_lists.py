"""Two lists: who works through which, and when one list explains all."""

import random

import pytest

from detectors.heard import Heard
from detectors.style import FACET_CHARS
from detectors.suspicion import Suspicion
from detectors.two_lists import LEAST_PART, two_lists
from tests.unit.detectors.samples import START_MS

FIRST = [f"F{number:02d}" for number in range(80)]
SECOND = [f"S{number:02d}" for number in range(80)]
STRANGERS = 60


def state(asked: list[str], style: str = "ab") -> Suspicion:
    """An account that has asked this, its prompts alternating between two topics, marks of punctuation and forms."""
    styles = ["".join(style[at % 2] * chars for at in range(len(asked))) for chars in FACET_CHARS]
    return Suspicion(START_MS, START_MS, recent="".join(asked), styles=styles)


def parts_of(members: dict[str, Suspicion], heard: Heard) -> tuple[list[str], list[str]] | None:
    """The two lists of accounts, all of one tenant."""
    return two_lists(members, heard.of(None))


def campaign(lists: dict[str, list[str]], prompts: int = 24, seed: int = 1) -> tuple[dict[str, Suspicion], Heard]:
    """Accounts, named after their list, that each ask their own part of it, beside strangers with their own affairs."""
    chooser, heard = random.Random(seed), Heard()
    members = {
        f"{name}{number:02d}": state(chooser.sample(asked, prompts))
        for name, asked in lists.items()
        for number in range(int(name[1:]))
    }
    strangers = [state([f"{n:02d}{chr(97 + at)}" for at in range(20)], style="xy") for n in range(STRANGERS)]
    for its in (*members.values(), *strangers):
        heard.restore(its)
    return members, heard


@pytest.mark.parametrize(("first", "second"), [("a12", "b12"), ("a30", "b8"), ("a8", "b40")])
def test_each_account_goes_to_its_list(first: str, second: str) -> None:
    """The larger part comes first, whichever list it is; both are sorted."""
    members, heard = campaign({first: FIRST, second: SECOND})
    parts = parts_of(members, heard)

    by_list = [sorted(a for a in members if a.startswith(name)) for name in (first, second)]
    assert parts is not None
    assert sorted(parts) == sorted(by_list)
    assert len(parts[0]) >= len(parts[1])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("members", ["a16", "a40"])
def test_one_list_stays_one(members: str, seed: int) -> None:
    """However it is cut by chance, each half is as like the other as itself."""
    assert parts_of(*campaign({members: FIRST}, seed=seed)) is None


def test_everybody_is_like_himself_and_that_tells_nothing() -> None:
    """Of a long list each account asks a part that hardly any other has: none is nearer to some than to others."""
    long_list = [f"{a}{b}{c}" for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"]
    for seed in range(4):
        assert parts_of(*campaign({"a20": long_list}, seed=seed)) is None


def test_a_newcomer_does_not_lead_astray() -> None:
    """Who has sent two prompts is least like all, for he has hardly sent anything; names do not tell the lists."""
    members, heard = campaign({"a20": FIRST, "b20": SECOND})
    names = [f"m{number:02d}" for number in range(40)]
    random.Random(3).shuffle(names)
    renamed = {name: members[account_id] for name, account_id in zip(names, sorted(members), strict=True)}
    renamed["m99"] = state(["new", "one"])
    heard.restore(renamed["m99"])
    parts = parts_of(renamed, heard)

    assert parts is not None
    assert {frozenset({*part} - {"m99"}) for part in parts} == {frozenset(names[:20]), frozenset(names[20:])}


def test_lists_must_be_told_clearly() -> None:
    """Six prompts of each account fall into two halves by chance, of which each account is a little likelier of one."""
    assert parts_of(*campaign({"a40": FIRST}, prompts=6, seed=9)) is None


def test_of_few_accounts_nothing_is_said() -> None:
    """A part has eight accounts at least, however different they are."""
    assert LEAST_PART == 8
    assert parts_of(*campaign({"a20": FIRST, "b7": SECOND})) is None
    assert parts_of(*campaign({"a7": FIRST, "b8": SECOND})) is None


def test_one_list_asked_in_two_styles_is_two() -> None:
    """The same openers, on other topics, punctuated otherwise and of another form."""
    members, heard = campaign({"a12": FIRST, "b12": FIRST})
    for account_id in [a for a in members if a.startswith("b")]:
        heard.forget(members[account_id])
        members[account_id].styles = [
            "cd" * 12 if chars == 1 else ("c" * chars + "d" * chars) * 12 for chars in FACET_CHARS
        ]
        heard.restore(members[account_id])

    parts = parts_of(members, heard)
    assert parts is not None
    assert {account_id[0] for account_id in parts[0]} != {account_id[0] for account_id in parts[1]}
    assert len({account_id[0] for account_id in parts[0]}) == 1


def test_order_in_memory_does_not_show() -> None:
    """Accounts are taken by id."""
    members, heard = campaign({"a12": FIRST, "b12": SECOND})
    shuffled = dict(random.Random(2).sample(sorted(members.items()), len(members)))
    assert parts_of(shuffled, heard) == parts_of(members, heard)
