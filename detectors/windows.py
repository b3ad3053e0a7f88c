"""Lengths of time that several detectors share."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NEVER_MS = -(2**62)
"""Event time before the first event."""
NEVER_DAY = -(2**31)
"""A day before every event."""
