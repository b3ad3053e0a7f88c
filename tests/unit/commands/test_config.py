"""What the configuration commands check, show and compare."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from detectors.spec import DetectorSpec
from streams.cli import main
from streams.configuration import (
    MASK,
    fingerprints_prompts,
    settings_entries,
    spec_differences,
    spec_entries,
    unknown_variables,
    variable_of,
)
from streams.settings import SERVER, Settings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name == "KAFKA_BOOTSTRAP_SERVERS" or name.startswith("STILLWATCH_"):
            monkeypatch.delenv(name)


def run(*arguments: str, **environment: str) -> Any:
    """Run `stillwatch config ...` in this process."""
    return CliRunner().invoke(main, ["config", *arguments], env=environment)


def test_a_sound_configuration_passes() -> None:
    """The packaged defaults are a configuration that works."""
    done = run("check")

    assert done.exit_code == 0
    assert "fits" in done.stdout


def test_the_known_secret_is_warned_of() -> None:
    """Whoever runs with everybody's fingerprint key is told; whoever has set one is not."""
    assert "STILLWATCH_FINGERPRINT_KEY" in run("check").stderr
    assert run("check", STILLWATCH_FINGERPRINT_KEY="a secret of my own").stderr == ""


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"STILLWATCH_HTTP_PORT": "80000"}, "STILLWATCH_HTTP_PORT: Input should be less than or equal to 65535"),
        ({"STILLWATCH_MAX_AGE_DAYS": "inf"}, "STILLWATCH_MAX_AGE_DAYS: Input should be a finite number"),
        ({"KAFKA_BOOTSTRAP_SERVERS": " , "}, "KAFKA_BOOTSTRAP_SERVERS: names no broker; should be host:port,host:port"),
        (
            {"STILLWATCH_INPUT_TOPIC": "stillwatch.usage"},
            "STILLWATCH_INPUT_TOPIC: 'stillwatch.usage' is to Kafka the same as stillwatch.usage, a topic of the",
        ),
        (
            {"STILLWATCH_TOPIC_PREFIX": "t.", "STILLWATCH_INPUT_TOPIC": "stillwatch_dead-letter"},
            "STILLWATCH_INPUT_TOPIC: 'stillwatch_dead-letter' is to Kafka the same as stillwatch.dead-letter",
        ),
        ({"STILLWATCH_INPUT_TOPIC": "llm usage"}, "STILLWATCH_INPUT_TOPIC: 'llm usage' is no name of a topic"),
        ({"STILLWATCH_INPUT_TOPIC": ""}, "STILLWATCH_INPUT_TOPIC: '' is no name of a topic"),
        ({"STILLWATCH_INPUT_TOPIC": ".."}, "STILLWATCH_INPUT_TOPIC: '..' is no name of a topic"),
        (
            {"STILLWATCH_TOPIC_PREFIX": "x" * 200, "STILLWATCH_INPUT_TOPIC": "x" * 50},
            f"STILLWATCH_INPUT_TOPIC: '{'x' * 250}' is no name of a topic",
        ),
        ({"STILLWATCH_TOPIC_PREFIX": "a team."}, "STILLWATCH_TOPIC_PREFIX: 'a team.' cannot begin the name of a topic"),
        ({"STILLWATCH_STAGES": "ingest"}, "STILLWATCH_STAGES: should be JSON"),
        (
            {"STILLWATCH_ACCOUNT_PATHS": "a.b"},
            'STILLWATCH_ACCOUNT_PATHS: should be JSON, such as ["metadata.user_id"]',
        ),
        ({"STILLWATCH_SPEC_FIL": "x"}, "STILLWATCH_SPEC_FIL: unknown variable; did you mean STILLWATCH_SPEC_FILE?"),
        (
            {"STILLWATCH_BOOTSTRAP_SERVERS": "x:9092"},
            "STILLWATCH_BOOTSTRAP_SERVERS: unknown variable; did you mean KAFKA_BOOTSTRAP_SERVERS?",
        ),
        ({"STILLWATCH_SECURITY_PROTOCOL": "SASL_SSL"}, "set STILLWATCH_SASL_USERNAME"),
        ({"STILLWATCH_SSL_KEY_FILE": "/client.key"}, "set STILLWATCH_SSL_CERT_FILE"),
        ({"STILLWATCH_SPEC_FILE": "/nowhere.yaml"}, "/nowhere.yaml"),
        ({"STILLWATCH_FINGERPRINT_KEY": "short"}, "STILLWATCH_FINGERPRINT_KEY: a fingerprint key has 16 to 64 bytes"),
        ({"STILLWATCH_FINGERPRINT_KEY": "ü" * 33}, "STILLWATCH_FINGERPRINT_KEY: a fingerprint key has 16 to 64 bytes"),
        ({"STILLWATCH_SECURITY_PROTOCOL": "SSL", "STILLWATCH_SSL_CA_FILE": "/nowhere.pem"}, "STILLWATCH_SSL_CA_FILE"),
    ],
)
def test_what_does_not_fit_is_named(environment: dict[str, str], complaint: str) -> None:
    """Every kind of wrong setting is told by name and the exit code is 1."""
    done = run("check", **environment)

    assert done.exit_code == 1
    assert complaint in done.stderr
    assert complaint in " ".join(json.loads(run("check", "--json", **environment).stdout)["errors"])


@pytest.mark.parametrize("name", ["STILLWATCH_STAGES", "STILLWATCH_ACCOUNT_PATHS"])
def test_the_example_for_a_list_is_one_for_its_own_variable(name: str) -> None:
    """Whoever copies it from the complaint has a setting that fits."""
    _, _, example = run("check", **{name: "a.b"}).stderr.strip().partition(": should be JSON, such as ")

    assert run("check", **{name: example}).exit_code == 0


@pytest.mark.parametrize("field", [name for name, field in Settings.model_fields.items() if field.annotation is float])
@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_every_number_is_finite(field: str, value: str) -> None:
    """Nothing can be computed with an infinite time, so none is accepted."""
    name = variable_of(field)

    assert f"error: {name}: Input should be a finite number" in run("check", **{name: value}).stderr


@pytest.mark.parametrize("field", [name for name, field in Settings.model_fields.items() if field.annotation is float])
def test_every_time_can_be_counted_in_milliseconds(field: str) -> None:
    """Otherwise the check passes and the worker ends with a traceback."""
    name = variable_of(field)

    assert f"error: {name}: Input should be less than or equal to" in run("check", **{name: "1e306"}).stderr


def test_brokers_are_named_as_clients_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks and a comma too many are no broker for any of the clients that get the list."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "a:9092, b:9092,")
    settings = Settings()

    assert settings.aiokafka_config()["bootstrap_servers"] == "a:9092,b:9092"
    assert settings.kafka_python_config()["bootstrap_servers"] == ["a:9092", "b:9092"]


@pytest.mark.parametrize(
    "servers",
    [
        "kafka:9092/",
        "a:b",
        "kafka:",
        "kafka",
        ":9092",
        "[::1",
        "[::1]",
        "http://kafka:9092",
        "a:0",
        "a:99999",
        "a:9092,b",
    ],
)
def test_brokers_that_no_client_can_take_are_refused(servers: str) -> None:
    """Otherwise the check passes and the worker ends with a traceback."""
    done = run("check", KAFKA_BOOTSTRAP_SERVERS=servers)

    assert done.exit_code == 1
    assert f"error: KAFKA_BOOTSTRAP_SERVERS: {servers.rsplit(',', maxsplit=1)[-1]} is no host:port" in done.stderr


@pytest.mark.parametrize("servers", ["kafka:9092", "10.0.0.1:1,[2001:db8::1]:65535", "b-1.x.amazonaws.com:9096"])
def test_hosts_and_addresses_are_brokers(servers: str) -> None:
    """Names, IPv4, and IPv6 in brackets."""
    assert run("check", KAFKA_BOOTSTRAP_SERVERS=servers).exit_code == 0


def test_brokers_are_what_the_chart_takes_for_them() -> None:
    """What the chart lets through is not refused by the worker for its form, nor the other way round."""
    schema = json.loads((Path(__file__).parents[3] / "helm" / "stillwatch" / "values.schema.json").read_text("utf-8"))
    pattern = schema["properties"]["kafka"]["properties"]["bootstrapServers"]["pattern"]

    assert pattern == f"^{SERVER.pattern}(,{SERVER.pattern})*$|^$"


@pytest.mark.parametrize(
    ("environment", "warning"),
    [
        ({"STILLWATCH_MAX_FUTURE_SECONDS": "500"}, "STILLWATCH_MAX_FUTURE_SECONDS exceeds"),
        ({"STILLWATCH_SASL_USERNAME": "me"}, "STILLWATCH_SASL_USERNAME is set but"),
        ({"STILLWATCH_SSL_CA_FILE": "ca.pem"}, "STILLWATCH_SSL_CA_FILE is set but"),
    ],
)
def test_what_is_probably_meant_otherwise_is_a_warning(environment: dict[str, str], warning: str) -> None:
    """A warning does not fail the check."""
    done = run("check", **environment)

    assert done.exit_code == 0
    assert warning in done.stderr


def test_a_wrong_specification_is_told_line_by_line(tmp_path: Path) -> None:
    """Unknown keys of the detector file are refused with the name that was probably meant."""
    path = tmp_path / "spec.yaml"
    path.write_text("bucket_second: 60\n")
    done = run("check", "--config", str(path))

    assert done.exit_code == 1
    assert "bucket_second: unknown key; did you mean bucket_seconds?" in done.stderr


def test_show_tells_every_setting() -> None:
    """Every variable and every detector key is shown, with its meaning."""
    output = run("show").stdout

    assert [name for field in Settings.model_fields if (name := variable_of(field)) not in output] == []
    assert [entry.name for entry in spec_entries(DetectorSpec()) if entry.name not in output] == []


def test_secrets_are_masked() -> None:
    """Neither text nor JSON shows a secret, only that there is one."""
    secrets = {"STILLWATCH_SASL_PASSWORD": "hunter2", "STILLWATCH_FINGERPRINT_KEY": "hunter3 hunter3 hunter3"}
    outputs = run("show", **secrets).stdout + run("show", "--json", **secrets).stdout

    assert "hunter" not in outputs
    assert MASK in outputs


def test_the_default_secret_is_not_shown_either() -> None:
    """A default is no secret, and showing it would teach people to copy it."""
    [entry] = [e for e in settings_entries(Settings()) if e.name == "STILLWATCH_FINGERPRINT_KEY"]

    assert entry.value == "(the default)"
    assert not entry.is_changed


def test_show_changed_shows_what_was_changed() -> None:
    """The short form answers what is different here."""
    shown = json.loads(run("show", "--changed", "--json", STILLWATCH_GROUP_ID="other").stdout)["process"]

    assert [(e["name"], e["value"], e["default"]) for e in shown] == [("STILLWATCH_GROUP_ID", "other", "stillwatch")]


def test_show_fails_on_a_specification_that_does_not_fit(tmp_path: Path) -> None:
    """What cannot be used is not shown as if it could."""
    path = tmp_path / "spec.yaml"
    path.write_text("- a list\n")

    assert run("show", "--config", str(path)).exit_code == 1


def test_diff_names_both_values(tmp_path: Path) -> None:
    """Two specifications are compared by what they mean, not by how they are written."""
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text("# a comment\nname: default\n")
    b.write_text("bucket_seconds: 600\n")

    assert run("diff", str(a), str(b)).stdout == "bucket_seconds: 300 -> 600\n"
    assert json.loads(run("diff", str(a), str(b), "--json").stdout) == [{"name": "bucket_seconds", "a": 300, "b": 600}]
    assert run("diff", str(a), str(a)).stdout == "no difference\n"


def test_diff_refuses_what_is_no_specification(tmp_path: Path) -> None:
    """A file that is no specification has no difference to show."""
    path = tmp_path / "a.yaml"
    path.write_text("nonsense: 1\n")

    assert run("diff", str(path), str(path)).exit_code == 1


def test_differences_look_into_sections() -> None:
    """A change deep in a section is found by its path."""
    before = DetectorSpec()
    section = next(name for name in DetectorSpec.model_fields if isinstance(getattr(before, name), BaseModel))
    inner = getattr(before, section)
    key = next(name for name in type(inner).model_fields if isinstance(getattr(inner, name), int | float))
    after = before.model_copy(update={section: inner.model_copy(update={key: 0.123})})

    assert spec_differences(before, after) == [(f"{section}.{key}", getattr(inner, key), 0.123)]
    assert spec_differences(before, before) == []


def test_brokers_have_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that the check calls unknown is not read either."""
    monkeypatch.setenv("STILLWATCH_BOOTSTRAP_SERVERS", "elsewhere:9092")

    assert Settings().bootstrap_servers == "127.0.0.1:9092"


@pytest.mark.parametrize(
    ("stages", "direct_sources", "expected"),
    [
        ({"ingest"}, False, True),
        ({"accounts", "alerts"}, True, True),
        ({"accounts", "alerts"}, False, False),
        ({"campaigns"}, True, False),
    ],
)
def test_prompts_are_read_at_ingest_or_where_sources_write_past_it(
    stages: Any, direct_sources: bool, expected: bool
) -> None:
    """Only these workers need the key of the fingerprints."""
    assert fingerprints_prompts(Settings(stages=stages, direct_sources=direct_sources)) is expected


def test_variables_of_others_are_none_of_ours() -> None:
    """Only variables with our prefix are looked at, whatever their case."""
    assert unknown_variables({"PATH": "/", "KAFKA_HEAP": "1", "stillwatch_http_port": "1"}) == []
    assert unknown_variables({"STILLWATCH_XYZZY": "1"}) == ["STILLWATCH_XYZZY: unknown variable"]
