"""What a worker warns of when it starts."""

import json
import os
import subprocess
import sys
from typing import Any


def warnings(**environment: str) -> list[dict[str, Any]]:
    """Start a worker whose specification is missing, so that it gets no further than its warnings; return these."""
    clean = {k: v for k, v in os.environ.items() if k != "KAFKA_BOOTSTRAP_SERVERS" and not k.startswith("STILLWATCH_")}
    settings = {"STILLWATCH_SPEC_FILE": "/nowhere.yaml", "STILLWATCH_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "streams.cli", "worker"]
    done = subprocess.run(command, env=clean | settings | environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "/nowhere.yaml" in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return [line for line in lines if line["level"] == "warning"]


def test_misspelt_variables_are_warned_of() -> None:
    """Whoever misspells a variable reads so in the log, with what was probably meant and without its value."""
    key = {"STILLWATCH_FINGERPRINT_KEY": "a secret of my own"}
    found = warnings(STILLWATCH_DISORDER_SECOND="5", STILLWATCH_SASL_PASWORD="hunter2", **key)

    assert [(line["event"], line["detail"]) for line in found] == [
        ("settings.unknown_variable", f"STILLWATCH_{name}: unknown variable; did you mean STILLWATCH_{meant}?")
        for name, meant in [("DISORDER_SECOND", "DISORDER_SECONDS"), ("SASL_PASWORD", "SASL_PASSWORD")]
    ]
    assert "hunter2" not in json.dumps(found)


def test_the_public_key_is_warned_of() -> None:
    """A worker that fingerprints prompts with the key from the sources says so; one that reads none does not."""
    assert [line["event"] for line in warnings()] == ["settings.public_key"]
    assert warnings(STILLWATCH_STAGES='["alerts"]') == []
