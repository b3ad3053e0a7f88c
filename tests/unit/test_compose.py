"""The broker for those with Docker keeps what it is given."""

from pathlib import Path

import yaml

COMPOSE = Path(__file__).parents[2] / "docker/compose.yaml"


def test_the_volume_holds_the_data_of_the_broker() -> None:
    """Topics survive the container: the broker writes where the volume is mounted."""
    document = yaml.safe_load(COMPOSE.read_text())
    [mount] = document["services"]["kafka"]["volumes"]
    volume, _, path = mount.partition(":")

    assert volume in document["volumes"]
    assert document["services"]["kafka"]["environment"].get("KAFKA_LOG_DIRS") == path
