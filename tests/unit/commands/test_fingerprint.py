"""`stillwatch fingerprint`: one line in, one line out, the same as ingest would compute."""

import json
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner, Result

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import exact_id, parse
from schemas.usage_event import decode_usage_event
from streams.cli import main

KEY = "a key of a test, long enough"
fingerprint = Fingerprinter(KEY.encode()).fingerprint


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLWATCH_FINGERPRINT_KEY", KEY)


def run(lines: bytes, *options: str) -> Result:
    """Run the command with these bytes on its standard input."""
    return CliRunner().invoke(main, ["fingerprint", *options], input=lines)


def test_each_line_of_text_gets_its_fingerprint() -> None:
    """Lines are answered in order, empty ones and a last one without line end included."""
    result = run("why is the sky blue?\n\nWörter".encode())

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [fingerprint(text) for text in ("why is the sky blue?", "", "Wörter")]


@pytest.mark.parametrize("form", ["text", "json", "fingerprints"])
def test_lines_may_end_in_two_characters(form: str) -> None:
    """Those of a file from Windows are answered as any others."""
    line = {"text": "why?", "json": '"why?"', "fingerprints": fingerprint("why?")}[form].encode()
    plain, windows = run(line + b"\n", "--input", form), run(line + b"\r\n", "--input", form)

    assert windows.exit_code == 0
    assert windows.stdout == plain.stdout


def test_json_strings_may_hold_line_ends() -> None:
    """A prompt of several lines goes in as a JSON string."""
    result = run(json.dumps("one\ntwo").encode() + b"\n", "--input", "json")

    assert result.stdout.splitlines() == [fingerprint("one\ntwo")]


def test_events_lose_their_prompt_and_nothing_else() -> None:
    """A prompt becomes its fingerprint; every other value stays the bytes it was, known or not."""
    line = b'{"event_id": "e1", "prompt": "a\\nb", "cost": 1.00, "big": 123456789012345678901234567890}'
    result = run(line + b"\n", "--input", "events")
    event = json.loads(result.stdout)

    assert "prompt" not in event
    assert event.pop("prompt_fingerprint") == fingerprint("a\nb")
    assert event == {key: value for key, value in json.loads(line).items() if key != "prompt"}
    assert b'"cost":1.00' in result.stdout_bytes


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"prompt": None, "a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ({"prompt": "p", "prompt_fingerprint": fingerprint("q")}, {"prompt_fingerprint": fingerprint("q")}),
        ({"prompt": "p", "prompt_fingerprint": "n/a"}, {"prompt_fingerprint": fingerprint("p")}),
        ({"prompt_fingerprint": "n/a"}, {"prompt_fingerprint": "n/a"}),
        ({"prompt": ["p", "q"]}, {"prompt_fingerprint": fingerprint("p\nq")}),
        ({"prompt": []}, {}),
        ({"prompt": "p", "prompt_fingerprint": None}, {"prompt_fingerprint": fingerprint("p")}),
        ({"prompt": "p", "prompt_fingerprint": 5}, {"prompt_fingerprint": fingerprint("p")}),
        ({"prompt": 5, "prompt_fingerprint": ["p"], "a": 1}, {"a": 1}),
    ],
)
def test_events_without_prompt_or_with_fingerprint(line: dict[str, object], expected: dict[str, object]) -> None:
    """Without a prompt there is no fingerprint, and one that is there already is kept."""
    assert json.loads(run(json.dumps(line).encode(), "--input", "events").stdout) == expected


@pytest.mark.parametrize(
    "fields",
    [
        rb'"prompt": "half \ud800"',
        b'"prompt": "byte \xff"',
        b'"prompt": "p", "temperature": NaN',
        b'"prompt": "p", "mood": "\xff"',
        b'"prompt": NaN',
        b'"prompt": 5',
        b'"prompt": ["a", 5]',
        b'"prompt": {"text": "p"}',
        b'"prompt": 1e999',
        rb'"prompt": "p", "prompt_fingerprint": "\ud800"',
        b'"prompt": "p", "mood": ' + b"[" * 5_000 + b"]" * 5_000,
        b'"prompt": ' + b"[" * 5_000 + b"]" * 5_000,
    ],
)
def test_an_event_that_ingest_reads_is_answered(fields: bytes) -> None:
    """As ingest reads it: what is no character is replaced, an unfit prompt is none."""
    line = b'{"event_id": "e", "occurred_at": "2026-03-02T00:00:00Z", "account_id": "a", "model": "m", '
    line += b'"input_tokens": 1, "output_tokens": 2, ' + fields + b"}"
    read = decode_usage_event(line)
    result = run(line + b"\n", "--input", "events")
    answered = decode_usage_event(result.stdout_bytes.strip())

    assert result.exit_code == 0
    assert answered.prompt is None
    assert answered.prompt_fingerprint == (None if read.prompt is None else fingerprint(read.prompt))
    assert (answered.account_id, answered.temperature) == (read.account_id, read.temperature)


def test_fingerprints_are_taken_apart_for_people() -> None:
    """Decoding needs no key and says what parsing says."""
    raw = fingerprint("You are an expert. Why?")
    result = run(raw.encode(), "--input", "fingerprints")
    shown = json.loads(result.stdout)

    assert shown["exact"] == exact_id(raw)
    assert shown["openers"] == list(parse(raw).openers)


@pytest.mark.parametrize(
    ("form", "line", "complaint"),
    [
        ("text", b"\xff", "is not UTF-8"),
        ("json", b"why", "is no JSON string"),
        ("json", b"{}", "is no JSON string"),
        ("events", b"[]", "is no usage event"),
        ("events", b'{"prompt": "p"', "is no usage event"),
        ("events", b"5", "is no usage event"),
        ("events", b"{" * 100_000, "is no usage event"),
        ("fingerprints", b"hello", "is no fingerprint: a fingerprint starts with '1.', this string with 'hello'"),
    ],
)
def test_a_line_of_another_kind_ends_the_command(form: str, line: bytes, complaint: str) -> None:
    """Lines before a wrong one are answered, the wrong one is named by number and reason."""
    good = {"text": b"a", "json": b'"a"', "events": b'{"a":1}', "fingerprints": fingerprint("a").encode()}[form]
    result = run(good + b"\n" + good + b"\n" + line + b"\n" + good + b"\n", "--input", form)

    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    assert f"line 3 {complaint}" in result.stderr


def test_a_key_that_is_too_short_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, its value is not shown."""
    monkeypatch.setenv("STILLWATCH_FINGERPRINT_KEY", "tooshort")
    result = run(b"a\n")

    assert result.exit_code == 1
    assert "settings: STILLWATCH_FINGERPRINT_KEY: " in result.stderr
    assert "tooshort" not in result.output


@pytest.mark.parametrize("form", ["text", "json", "events"])
def test_the_public_key_is_warned_of(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the answers, not among them; with a key of one's own, or where none is used, there is no warning."""
    line = b"{}" if form == "events" else b'"a"'
    assert run(line, "--input", form).stderr == ""
    monkeypatch.delenv("STILLWATCH_FINGERPRINT_KEY")
    result = run(line, "--input", form)

    assert result.stderr.startswith("warning: STILLWATCH_FINGERPRINT_KEY is the one that everybody knows")
    assert len(result.stdout.splitlines()) == 1
    assert run(fingerprint("a").encode(), "--input", "fingerprints").stderr == ""


def test_another_setting_is_not_taken_for_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong is told by its own name."""
    monkeypatch.setenv("STILLWATCH_HTTP_PORT", "eighty")

    assert run(b"a\n").stderr.startswith("Error: settings: STILLWATCH_HTTP_PORT: ")


def test_a_line_is_answered_while_the_writer_waits() -> None:
    """A gateway may keep the command running and get each answer before it writes the next line."""
    with subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "fingerprint"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        killer = threading.Timer(30, process.kill)
        killer.start()
        for text in ("first", "second"):
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().decode().strip() == fingerprint(text)
        process.stdin.close()
        killer.cancel()
