"""Synthetic usage events with labels: honest accounts and campaigns, seeded, for demos, tests and measurements.

Whatever a detector learns from this traffic holds for this traffic: labels are by construction.
"""
