"""The connection of those who look at a cluster from outside and change it."""

from typing import Any, Self

from kafka.admin import KafkaAdminClient

from streams.settings import Settings

BOOTSTRAP_TIMEOUT_MS = 10_000

_admin_client: Any = KafkaAdminClient
"""kafka-python has no annotations to check calls against."""


class KafkaAdmin:
    """An administration client of kafka-python with the login of the settings; closes its connection on leaving.

    Raises ``kafka.errors.KafkaError``.
    """

    def __init__(self, settings: Settings) -> None:
        self._admin: Any = _admin_client(
            **settings.kafka_python_config(), client_id="stillwatch-admin", bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.close()
