"""Style: read from a fingerprint, against the sections as they are decoded for people."""

from hypothesis import given
from hypothesis import strategies as st

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import ALPHABET, EMBEDDING, SHAPE, marks_id, parse
from detectors.style import FACET_CHARS, FACETS, PARTS, STYLE_CHARS, WHOLE, facet_of, style_of

FINGERPRINTER = Fingerprinter(b"0123456789abcdef")
TOPIC, PUNCTUATION, FORM = PARTS
prompts = st.one_of(st.text(max_size=80), st.text("ab c,.?!1\n", max_size=200))


@given(prompt=prompts)
def test_topic_is_the_strongest_component(prompt: str) -> None:
    """The first of the largest components of the embedding, as a character of the alphabet."""
    fingerprint = FINGERPRINTER.fingerprint(prompt)
    components = parse(fingerprint).embedding
    style = style_of(fingerprint)

    assert len(style) == STYLE_CHARS == sum(FACET_CHARS[: len(PARTS)])
    assert ALPHABET.decode().index(style[TOPIC]) == components.index(max(components))


@given(levels=st.text(st.sampled_from(ALPHABET.decode()), min_size=64, max_size=64))
def test_topic_is_told_from_any_embedding(levels: str) -> None:
    """Also from levels that hardly any prompt has: all low, or the highest there are."""
    fingerprint = FINGERPRINTER.fingerprint("")
    made = fingerprint[: EMBEDDING.start] + levels + fingerprint[EMBEDDING.stop :]
    places = [ALPHABET.decode().index(level) for level in levels]

    assert style_of(made)[TOPIC] == ALPHABET.decode()[places.index(max(places))]


@given(prompt=prompts)
def test_punctuation_and_form_are_sections(prompt: str) -> None:
    """Punctuation begins the marks; form is length, share of numbers and lines, without the number of words."""
    fingerprint = FINGERPRINTER.fingerprint(prompt)
    style, (length, _, numbers, lines) = style_of(fingerprint), fingerprint[SHAPE]

    assert style[PUNCTUATION] == marks_id(fingerprint)[:2]
    assert style[FORM] == length + numbers + lines


def test_one_way_of_writing_is_one_style() -> None:
    """Prompts written alike share punctuation and form whatever they ask; another way of writing shares neither."""
    one, two = (style_of(FINGERPRINTER.fingerprint(f"Q: name a {word}, briefly!\nA:")) for word in ("river", "tower"))
    other = style_of(FINGERPRINTER.fingerprint("could you tell me which rivers there are in the north of the country"))

    assert (one[PUNCTUATION], one[FORM]) == (two[PUNCTUATION], two[FORM])
    assert one[PUNCTUATION] != other[PUNCTUATION]
    assert one[FORM] != other[FORM]


@given(texts=st.lists(prompts, max_size=5))
def test_facets_are_read_from_styles_in_a_row(texts: list[str]) -> None:
    """One code for each prompt, in order; all parts side by side give the styles again."""
    styles = [style_of(FINGERPRINTER.fingerprint(text)) for text in texts]
    facets = [facet_of("".join(styles), facet) for facet in FACETS]

    assert [[len(code) for code in codes] for codes in facets] == [[chars] * len(texts) for chars in FACET_CHARS]
    assert ["".join(codes) for codes in zip(*facets[: len(PARTS)], strict=True)] == styles


@given(styles=st.lists(st.text(ALPHABET.decode(), min_size=STYLE_CHARS, max_size=STYLE_CHARS), max_size=20))
def test_whole_styles_are_equal_where_all_parts_are(styles: list[str]) -> None:
    """A short code in place of each: as many different ones as there are styles."""
    codes = facet_of("".join(styles), WHOLE)

    assert [codes.index(code) for code in codes] == [styles.index(style) for style in styles]
