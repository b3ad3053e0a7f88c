"""Every metric, declared once with its meaning. Labels never carry an account: their number must stay bounded."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter(
    "stillwatch_events",
    "Messages by stage (ingest, accounts, campaigns, feedback) and outcome: admitted, observed or applied; "
    "repeated: published again by a restarted worker and skipped; dead_letter.",
    ["stage", "outcome"],
)
UNKNOWN_FIELDS = Counter(
    "stillwatch_unknown_fields",
    "Fields of usage events that are ignored: version 1 does not know them, or their value does not fit.",
)
DEAD_LETTERS = Counter("stillwatch_dead_letters", "Dead letters by stage and reason.", ["stage", "reason"])
ALERTS = Counter(
    "stillwatch_alerts", "Alert publications by kind, status and severity.", ["kind", "status", "severity"]
)
ALERT_STATES = Counter(
    "stillwatch_alert_states",
    "Alert publications by outcome in the state topic: applied, stale; removed: expired a week ago.",
    ["outcome"],
)

ALARM_OBSERVED = Gauge(
    "stillwatch_alarm_observed_days",
    "Days of the last 28 of event time that are over: account-days with activity (kind account), days (campaign).",
    ["kind"],
)
UNSETTLED_ALERTS = Gauge(
    "stillwatch_unsettled_alerts",
    "Alerts opened in those days that no reviewer has confirmed and no other alert has taken up, by kind.",
    ["kind"],
)
ALARM_INTERVAL = Gauge(
    "stillwatch_days_per_alarm",
    "Account-days per account alert and days per campaign alert, by kind and rate: asked_for, as the specification "
    "says of false ones; realised, as if every unsettled alert were false.",
    ["kind", "rate"],
)

PARTITIONS = Gauge("stillwatch_partitions", "Assigned partitions by the role of their topic.", ["role"])
ACCOUNTS = Gauge("stillwatch_accounts", "Accounts in memory by form: live, packed.", ["form"])
WATERMARK = Gauge(
    "stillwatch_watermark_seconds",
    "Event time reached, seconds since the epoch, by stage and partition; far below 0 before there is one.",
    ["stage", "partition"],
)
LAG = Gauge("stillwatch_lag_messages", "Messages waiting, by topic and partition.", ["topic", "partition"])
BATCH_SECONDS = Histogram(
    "stillwatch_batch_seconds",
    "Time to process one batch, by the role of its topic.",
    ["role"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)

CHECKPOINT_SECONDS = Histogram(
    "stillwatch_checkpoint_seconds", "Time from the start of a checkpoint to its end, before the commit."
)
SNAPSHOTS = Counter("stillwatch_snapshots", "Snapshots written, deletions included.")
SNAPSHOT_BYTES = Counter("stillwatch_snapshot_bytes", "Bytes of snapshots written.")
RESTORE_SECONDS = Histogram("stillwatch_restore_seconds", "Time to restore the new partitions of one assignment.")
RESTORED_KEYS = Counter("stillwatch_restored_keys", "Keys restored from snapshots, by state topic.", ["topic"])
