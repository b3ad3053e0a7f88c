"""``stillwatch fingerprint``: what ingest would compute, for gateways that keep prompts to themselves."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, cast

import click
import msgspec

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import FingerprintRefused, is_fingerprint, parse
from schemas.forgiving import as_text
from schemas.repair import repaired
from streams.commands.options import command_settings
from streams.configuration import PUBLIC_KEY_WARNING, has_public_key
from streams.event_files import open_stream
from streams.settings import Settings

READ_BYTES = 256 * 1024

_decode_event = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Values stay the bytes they are, whatever they are."""
_decode_value = msgspec.json.Decoder().decode

Answer = Callable[[list[bytes]], list[bytes]]


class LineRefused(ValueError):
    """A line of the input that is not what the command was told to expect; ``place`` counts from 0 in its batch."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(reason)
        self.place = place


@click.command("fingerprint", context_settings=command_settings())
@click.option(
    "--input",
    "form",
    type=click.Choice(["text", "json", "events", "fingerprints"]),
    default="text",
    show_default=True,
    help="What each line is: a prompt, a prompt as a JSON string, a usage event, or a fingerprint to take apart.",
)
def command(form: str) -> None:
    """Fingerprint the prompts on standard input, one a line.

    Each line is answered by one line. The key is STILLWATCH_FINGERPRINT_KEY, the same as in every worker. With
    --input events, each event's prompt becomes its prompt_fingerprint and everything else stays as it is: what a
    gateway sends that keeps prompts to itself. A line that is not what it should be ends the command with exit
    code 1, after those before it. Any JSON object is taken for an event, also one with half a character or NaN; a
    prompt or fingerprint that is no text is none.
    """
    answer = _answer(form)
    out = open_stream(sys.stdout, "standard output").buffer
    done = 0
    for lines in _batches(cast(io.BufferedReader, open_stream(sys.stdin, "standard input").buffer)):
        try:
            _write(answer(lines), out)
        except LineRefused as refused:
            _write(answer(lines[: refused.place]), out)
            raise click.ClickException(f"line {done + refused.place + 1} {refused}") from refused
        done += len(lines)


def _write(lines: list[bytes], out: BinaryIO) -> None:
    out.write(b"".join(line + b"\n" for line in lines))
    out.flush()


def _answer(form: str) -> Answer:
    """What turns a batch of lines into their answers."""
    if form == "fingerprints":
        return _take_apart
    settings = Settings()
    if has_public_key(settings):
        click.echo(f"warning: {PUBLIC_KEY_WARNING}", err=True)
    fingerprinter = Fingerprinter(settings.fingerprint_key.get_secret_value().encode())
    if form == "events":
        return lambda lines: _without_prompts(fingerprinter, lines)
    read = _text if form == "text" else _string
    return lambda lines: [
        fingerprint.encode()
        for fingerprint in fingerprinter.fingerprint_many([read(place, line) for place, line in enumerate(lines)])
    ]


def _batches(stream: io.BufferedReader) -> Iterator[list[bytes]]:
    """Yield the lines that have arrived so far, so that a slow writer gets its answers at once."""
    rest = b""
    while chunk := stream.read1(READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _text(place: int, line: bytes) -> str:
    try:
        # Lines of files from Windows end in two characters.
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise LineRefused(place, "is not UTF-8") from error


def _string(place: int, line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=str)
    except ValueError as error:
        raise LineRefused(place, "is no JSON string") from error


def _without_prompts(fingerprinter: Fingerprinter, lines: Sequence[bytes]) -> list[bytes]:
    """Events whose prompt has become its fingerprint; one that has a fingerprint of this version already keeps that."""
    events = [_event(place, line) for place, line in enumerate(lines)]
    prompts = [event.pop("prompt", None) for event in events]
    fingerprints = fingerprinter.fingerprint_many([prompt for prompt in prompts if prompt is not None])
    for event, prompt in zip(events, prompts, strict=True):
        if prompt is not None:
            fingerprint = next(fingerprints)
            if not is_fingerprint(event.get("prompt_fingerprint", "")):
                event["prompt_fingerprint"] = fingerprint
    return [msgspec.json.encode(event) for event in events]


def _event(place: int, line: bytes) -> dict[str, Any]:
    """The fields of an event, repaired as ingest does where that is needed; without an unfit prompt or fingerprint."""
    for read in (bytes, repaired):
        try:
            event: dict[str, Any] = dict(_decode_event(read(line)))
            prompt = as_text(_decode_value(event.pop("prompt", b"null")))
            known = _decode_value(event.pop("prompt_fingerprint", b"null"))
        except (ValueError, RecursionError):
            continue
        chosen = {"prompt": prompt, "prompt_fingerprint": known}
        return event | {name: value for name, value in chosen.items() if isinstance(value, str)}
    raise LineRefused(place, "is no usage event")


def _take_apart(lines: Sequence[bytes]) -> list[bytes]:
    answers = []
    for place, line in enumerate(lines):
        try:
            answers.append(msgspec.json.encode(parse(_text(place, line))))
        except FingerprintRefused as refused:
            raise LineRefused(place, f"is no fingerprint: {refused}") from refused
    return answers
