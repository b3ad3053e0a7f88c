"""Measurements on simulated traffic behind the figures in docs/: how often honest accounts are named, what leaks."""
