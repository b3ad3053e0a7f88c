"""The specification: checked as a whole, and named by its contents."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from detectors.spec import DetectorSpec, SpecError, load_spec, parse_spec

DEFAULT = Path(__file__).parents[3] / "detectors" / "default.yaml"


def test_the_packaged_file_holds_the_defaults() -> None:
    """Who copies the file starts from what runs without one, with every key in it."""
    assert load_spec(None) == DetectorSpec()
    assert yaml.safe_load(DEFAULT.read_text("utf-8")) == DetectorSpec().model_dump(mode="json")


def test_every_number_is_explained() -> None:
    """Each key says what it is, in the class and in the packaged file in the same words."""
    text = DEFAULT.read_text("utf-8")
    sections = [DetectorSpec, *(f.annotation for f in DetectorSpec.model_fields.values() if f.description is None)]
    for section in sections:
        fields = section.model_fields.values()  # type: ignore[union-attr]
        assert [f.description for f in fields if f.description and f"# {f.description}" not in text] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bucket_second: 60", "bucket_second: unknown key; did you mean bucket_seconds?"),
        ("groups: {min_acounts: 4}", "groups.min_acounts: unknown key; did you mean min_accounts?"),
        ("kin: {zzzz: 4}", "kin.zzzz: unknown key; known here: min_exchanges"),
        ("bucket_seconds: 5", "bucket_seconds: Input should be greater than or equal to 10, not 5"),
        ("groups: {certainty: 1.5}", "groups.certainty: Input should be less than or equal to 1, not 1.5"),
        ("harvest: {memory_hours: 0}", "harvest.memory_hours: Input should be greater than 0, not 0"),
        ("groups: {crowd_ratio: 0.3}", "groups.crowd_ratio: Value error, should be above job_crowd_ratio, not 0.3"),
        (
            "groups: {job_crowd_ratio: 0.45}",
            "groups.crowd_ratio: Value error, should be above job_crowd_ratio, not 0.45",
        ),
        ("crowd: {popular_ratio: 0}", "crowd.popular_ratio: Input should be greater than 0, not 0"),
        ("[1]", "should be a mapping of sections, is a list"),
        ("a: [", "not YAML"),
        ("kin: {}\ngroups:\n  min_rate: 5\n  min_rate: 6", "min_rate: given in line 3 and again in line 4"),
        ("bucket_seconds: 2026-13-01", "not YAML"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, complaint: str) -> None:
    """The message names the file, the key and what would fit."""
    with pytest.raises(SpecError) as refused:
        parse_spec(text, "my.yaml")

    assert str(refused.value).startswith("my.yaml: ")
    assert complaint in str(refused.value)


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
def test_every_number_is_finite(number: str) -> None:
    """One that is not would switch off what it is for, or be none at all in what is written of the specification."""
    defaults = DetectorSpec().model_dump()
    sections = [(key, value) for key, value in defaults.items() if isinstance(value, dict)]
    keys = [f"{section}.{key}" for section, values in sections for key in values] + list(defaults)
    numbers = [key for key in keys if isinstance(_value(defaults, key), float | int)]
    numbers.remove("lifecycle.shadow")

    assert len(numbers) > 70
    for key in numbers:
        section, _, name = key.rpartition(".")
        with pytest.raises(SpecError) as refused:
            parse_spec(f"{section}: {{{name}: {number}}}" if section else f"{name}: {number}", "my.yaml")
        assert str(refused.value).startswith(f"my.yaml: {key}: ")


def _value(defaults: dict[str, Any], key: str) -> Any:
    """Of a key, or of one in a section."""
    section, _, name = key.rpartition(".")
    return defaults[section][name] if section else defaults[name]


@pytest.mark.parametrize(
    ("key", "fits", "refused"),
    [
        ("idle_days", (0.1, 36_500), (0, 36_500.1, 1e12)),
        ("lifecycle.alert_days", (0.1, 36_500), (0, 36_500.1, 1e12)),
        ("lifecycle.quiet_days", (0.1, 36_500), (0, 36_500.1)),
        ("harvest.baseline_days", (0.1, 36_500), (0, 36_500.1)),
        ("kin.check_minutes", (1, 1_440), (0, 0.99, 1_440.1)),
        ("alike.check_minutes", (1, 1_440), (0, 0.99, 1_440.1)),
    ],
)
def test_times_are_those_of_a_calendar_and_a_clock(
    key: str, fits: tuple[float, ...], refused: tuple[float, ...]
) -> None:
    """A century at most, so that no date is beyond what an alert can say; between looks a minute to a day."""
    section, _, name = key.rpartition(".")
    text = f"{section}: {{{name}: %s}}" if section else f"{name}: %s"
    for value in fits:
        assert _value(parse_spec(text % value, "my.yaml").model_dump(), key) == value
    for value in refused:
        with pytest.raises(SpecError) as complaint:
            parse_spec(text % value, "my.yaml")
        assert str(complaint.value).startswith(f"my.yaml: {key}: Input should be ")


def test_all_complaints_come_at_once() -> None:
    """Who repairs a file learns everything that is wrong with it."""
    with pytest.raises(SpecError) as refused:
        parse_spec("nam: x\nkin: {min_weight: -1}", "my.yaml")

    assert len(str(refused.value).splitlines()) == 2


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Neither a missing file nor one that is no text falls back to defaults."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.yaml", binary):
        with pytest.raises(SpecError, match="cannot be read"):
            load_spec(path)


@pytest.mark.parametrize("text", ["version: '2'", "groups: {min_rate: 6}", "lifecycle: {shadow: true}"])
def test_the_fingerprint_follows_the_contents(text: str) -> None:
    """Any change of a value changes it, and an equal specification in other words does not."""
    changed = parse_spec(text, "x")

    assert changed.fingerprint != DetectorSpec().fingerprint
    assert changed.fingerprint == parse_spec(f"bucket_seconds: 300\n{text}", "y").fingerprint
