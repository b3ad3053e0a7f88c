"""Lengths of time, and times before all others, that several modules share."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NEVER_MS = -(2**62)
"""Event time before the first event, and the watermark until then; milliseconds since the epoch."""
NEVER_DAY = -(2**31)
"""A day before every event, in days since the epoch."""
