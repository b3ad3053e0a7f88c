"""The grammar gives well-formed and different prompts in every language."""

import re
from random import Random

import pytest

from traffic import prompts
from traffic.prompts import LANGUAGES
from traffic.wrappers import ALL_FAMILIES, draw_wrapper

SLOT = re.compile(r"\{[a-zA-Z]\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_of_a_language_can_be_filled(language: str) -> None:
    """No slot is left open in tasks, asks, follow-ups, sentences, examples and wrappers."""
    rng = Random(1)
    where = prompts.scope(rng, language, 3)
    spoken = where.language
    filled = [prompts.filled(rng, text, where) for text in (*spoken.asks, *spoken.follow_ups, *spoken.sentences)]
    filled += [prompts.instruction(where, number) for number in range(300)]
    filled += [prompts.ask(rng, where) for _ in range(50)] + [prompts.follow_up(rng, where) for _ in range(50)]
    filled += [draw_wrapper(rng, family, where).wrap(rng, "x") for family in ALL_FAMILIES for _ in range(20)]

    assert not [text for text in filled if SLOT.search(text) or not text.strip()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_instructions_of_a_scope_are_different(language: str) -> None:
    """Numbers below the size of a scope give instructions without repeats, as far as their tasks use all slots."""
    where = prompts.scope(Random(2), language, 2, tasks=1)
    found = {prompts.instruction(where, number) for number in range(where.size)}

    assert len(found) > where.size / 30
    assert where.size == len(where.subjects) * len(where.language.aspects) * len(where.language.audiences)


def test_a_scope_keeps_to_its_domains() -> None:
    """A narrow scope asks about the subjects of its domains only."""
    where = prompts.scope(Random(3), "en", 1)

    assert any(set(where.subjects) == set(domain) for domain in LANGUAGES["en"].domains)


def test_writing_in_a_hurry_keeps_the_words_recognisable() -> None:
    """Sloppy text is lower case, as long as before (the full stop apart), and has at most one swap."""
    text = "Explain the history of rye bread for a committee."
    for seed in range(20):
        written = prompts.sloppy(Random(seed), text)

        assert len(written) == len(text) - 1
        assert sorted(written) == sorted(text.lower().rstrip("."))
        assert sum(a != b for a, b in zip(written, text.lower(), strict=False)) <= 2


def test_wrapper_families_vary_as_they_say() -> None:
    """`none` adds nothing, `fixed` and `few_shot` the same, `variants` and `in_turn` some texts, the others many."""
    where = prompts.scope(Random(4), "en", 2)
    rng = Random(5)
    texts = {
        family: len({wrapper.wrap(rng, "item") for _ in range(300)})
        for family in ALL_FAMILIES
        for wrapper in (draw_wrapper(rng, family, where),)
    }

    assert texts["none"] == texts["fixed"] == texts["few_shot"] == 1
    assert 1 < texts["variants"] <= 6
    assert texts["in_turn"] == 24
    assert texts["grammar"] > 100
    assert texts["random_words"] > 200


def test_random_words_are_one_to_four_before_the_item() -> None:
    """None of them has a mark behind it."""
    wrapper = draw_wrapper(Random(6), "random_words", prompts.scope(Random(4), "en", 2))
    rng = Random(7)
    texts = [wrapper.wrap(rng, "Name a river.") for _ in range(100)]

    assert {len(text.removesuffix(" Name a river.").split()) for text in texts} == {1, 2, 3, 4}
    assert all(re.fullmatch(r"(\w+ )+Name a river\.", text) for text in texts)


def test_a_family_that_does_not_exist_is_refused() -> None:
    """The message lists the families there are."""
    with pytest.raises(ValueError, match="'loose' is none of none, fixed"):
        draw_wrapper(Random(1), "loose", prompts.scope(Random(1), "en", 1))


def test_strangers_use_names_of_their_own() -> None:
    """Two accounts' scopes share words of the language and yet have invented names that the other lacks."""
    one, other = (prompts.scope(Random(seed), "en", 2) for seed in (1, 2))

    assert set(one.people) - set(other.people) - set(LANGUAGES["en"].people)
