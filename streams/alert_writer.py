"""What the campaigns stage tells everybody: alerts, on the append-only topic."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from schemas.alert import Alert, encode_alert
from streams import metric_defs
from streams.publisher import Publisher, partition_of

log = structlog.get_logger()


class AlertWriter:
    """Publishes alerts on the append-only topic, keyed by their subject."""

    def __init__(self, publisher: Publisher, topic: str, now_ms: Callable[[], int]) -> None:
        self._publisher = publisher
        self._topic = topic
        self._now_ms = now_ms
        self.partitions = 1

    def publish(self, alert: Alert) -> None:
        """Publish one alert with the wall clock of now."""
        published = alert.model_copy(update={"published_at": datetime.fromtimestamp(self._now_ms() / 1000, UTC)})
        key = alert.subject.encode()
        self._publisher.publish(self._topic, partition_of(key, self.partitions), key, encode_alert(published))
        _log_alert(published)


def _log_alert(alert: Alert) -> None:
    """Count a published alert and log one line for it: ids and figures, never content."""
    metric_defs.ALERTS.labels(alert.kind, alert.status, alert.severity).inc()
    log.info(
        "alert.published",
        alert_id=alert.alert_id,
        version=alert.version,
        status=alert.status,
        kind=alert.kind,
        accounts=len(alert.account_ids),
        account_id=alert.account_ids[0] if alert.kind == "account" else None,
        severity=alert.severity,
        score=alert.score,
        raised_at=alert.raised_at.isoformat(),
        summary=alert.summary,
    )
