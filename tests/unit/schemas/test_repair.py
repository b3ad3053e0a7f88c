"""What careless writers make of JSON is read as what it can only mean."""

import pytest

from schemas.repair import repaired


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [99, 100])
def test_what_lies_too_deep_is_null_and_nothing_beside_it(opening: str, depth: int) -> None:
    """Whether what is too deep ends just below the limit or at it, what follows in the same list is kept."""
    closing = "]" if opening == "[" else "}"
    deep, end = "[" * 5, "]" * 5
    text = f"{opening * depth}[{deep}{end}, 7]{closing * depth}"
    kept = {99: f"{opening * 99}[null, 7]{closing * 99}", 100: f"{opening * 100}null{closing * 100}"}[depth]

    assert repaired(text.encode()) == kept.encode()


@pytest.mark.parametrize(
    ("token", "kept"),
    [("1e308", "1e308"), ("1e309", "1e300"), ("-1e309", "-1e300"), ("9" * 309, "1e300"), ("9e307", "9e307")],
)
def test_a_number_beyond_every_float_is_one_that_no_field_takes(token: str, kept: str) -> None:
    """The largest float is 1.8e308; the shortest number beyond it has five characters."""
    assert repaired(f'{{"a": {token}}}'.encode()) == f'{{"a": {kept}}}'.encode()
