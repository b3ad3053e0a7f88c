"""The command as a whole: quick to help, clear when it fails."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from kafka.errors import KafkaTimeoutError

from streams import cli, kafka_admin
from streams.cli import COMMANDS, main
from streams.commands.failures import expected_failure
from streams.commands.options import command_settings


def run(*arguments: str, **environment: str) -> Any:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments, env=environment)


def walk(name: str, command: click.Command) -> list[tuple[list[str], click.Command]]:
    """Return a command and all commands below it, with the words that call each."""
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return [([name], command), *(([name, *words], c) for n, sub in below for words, c in walk(n, sub))]


def test_help_imports_nothing_heavy() -> None:
    """Asking for help is instant: none of the libraries that take long to load is loaded for it."""
    program = "import sys, streams.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "click" in loaded
    assert set(loaded) & {"aiohttp", "aiokafka", "faust", "kafka", "msgspec", "numpy", "pydantic", "river"} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """-h and --help work for every command and subcommand, every option says what it does."""
    _, command = main.resolve_command(click.Context(main), [name])[:2]
    for words, found in walk(name, command):
        short, long = run(*words, "-h"), run(*words, "--help")
        assert short.exit_code == long.exit_code == 0
        assert short.output == long.output
        assert [p.name for p in found.params if isinstance(p, click.Option) and not p.help] == []


def test_help_of_the_whole_has_no_gaps() -> None:
    """Every command has a sentence of its own in the overview."""
    assert [name for name, (_, sentence) in COMMANDS.items() if not sentence.endswith(".")] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_command_says(name: str) -> None:
    """The overview is kept by hand so that it imports nothing, and still is the command's own first sentence."""
    _, sentence = COMMANDS[name]
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert command.get_short_help_str(1000) == sentence


def test_the_overview_lists_every_command() -> None:
    """`stillwatch -h` shows all commands."""
    output = run("-h").output

    assert [name for name in COMMANDS if f"\n  {name} " not in output] == []


def test_an_unknown_command_fails() -> None:
    """A misspelt command is an error, not silence."""
    assert run("produse").exit_code == 2


def test_the_version_is_told() -> None:
    """--version works whether or not the package is installed."""
    done = run("--version")

    assert done.exit_code == 0
    assert done.output.startswith("stillwatch")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STILLWATCH_HTTP_PORT", "eighty"),
        ("STILLWATCH_CHECKPOINT_INTERVAL_SECONDS", "0"),
        ("STILLWATCH_SECURITY_PROTOCOL", "SASL"),
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("KAFKA_BOOTSTRAP_SERVERS", ","),
        ("STILLWATCH_FINGERPRINT_KEY", "short"),
    ],
)
def test_a_bad_setting_is_named_by_its_variable(variable: str, value: str) -> None:
    """Whoever sets a variable wrongly reads its name, not a field name and not a traceback."""
    done = run("topics", **{variable: value})

    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: settings: {variable}: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["worker"],
        ["replay", "{events}", "--alerts", "-"],
        ["backtest", "{events}", "--config", "detectors/default.yaml"],
        ["fingerprint"],
        ["produce", "{events}"],
    ],
)
@pytest.mark.parametrize("key", ["short", "x" * 65])
def test_a_key_that_cannot_be_is_told_alike_by_every_command(arguments: list[str], key: str, tmp_path: Path) -> None:
    """Also by those that would compute with it only later, and never with a traceback."""
    events = tmp_path / "events.jsonl"
    events.write_text("{}\n")
    done = run(*(argument.format(events=events) for argument in arguments), STILLWATCH_FINGERPRINT_KEY=key)

    assert done.exit_code == 1
    told = f"Error: settings: STILLWATCH_FINGERPRINT_KEY: a fingerprint key has 16 to 64 bytes, this one {len(key)}\n"
    assert done.stderr == told


@pytest.mark.parametrize("arguments", [["produce", "-"], ["consume-alerts"], ["replay", "--alerts", "-"]])
def test_a_topic_without_a_name_is_not_the_default(arguments: list[str]) -> None:
    """A variable that is not set must not send events to, or read from, another topic than was meant."""
    option = "--from-topic" if arguments[0] == "replay" else "--topic"
    done = CliRunner().invoke(main, [*arguments, option, ""])

    assert done.exit_code == 2
    assert f"'{option}': names no topic" in done.stderr


@pytest.mark.parametrize(
    ("command", "stream"),
    [
        ("replay - --alerts - <&-", "standard input"),
        ("fingerprint <&-", "standard input"),
        ("replay - --alerts - </dev/null >&-", "standard output"),
        ("fingerprint </dev/null >&-", "standard output"),
    ],
)
def test_a_stream_that_is_closed_is_named(command: str, stream: str) -> None:
    """As a service manager may start a command; without a traceback."""
    line = f"{sys.executable} -m streams.cli {command}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"Error: {stream} is closed"


def test_a_broken_cluster_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cluster the failure says where to look."""
    monkeypatch.setattr(kafka_admin, "BOOTSTRAP_TIMEOUT_MS", 300)
    done = run("topics", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")

    assert done.exit_code == 1
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KafkaTimeoutError("nobody there"), "Kafka: nobody there"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
        (OSError("disk full"), "disk full"),
        (BrokenPipeError(32, "Broken pipe"), None),
        (KeyError("a fault of ours"), None),
    ],
)
def test_only_what_a_user_can_mend_becomes_one_line(error: Exception, line: str | None) -> None:
    """A fault of ours keeps its traceback."""
    assert expected_failure(error) == line


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception passes through the group unchanged."""

    @click.command()
    def command() -> None:
        raise KeyError("ours")

    monkeypatch.setattr(cli, "import_module", lambda _: type("module", (), {"command": command}))
    done = run("topics")

    assert isinstance(done.exception, KeyError)


def test_documented_commands_are_there() -> None:
    """Every command that docs/operations.md runs in a pod exists, with the options that it is given."""
    text = (Path(__file__).parents[3] / "docs/operations.md").read_text("utf-8")
    lines = re.findall(r"^\$ kubectl .* exec \S+ -- (\S+) ([^|>#\n]*)", text, re.MULTILINE)

    assert {program for program, _ in lines} == {"stillwatch"}
    assert {"lag", "dead-letters", "start-over"} <= {words.split()[0] for _, words in lines}
    for _, words in lines:
        name, *arguments = words.split()
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        command.make_parser(click.Context(command, **command_settings())).parse_args(arguments)
