"""Throughput on a real Kafka beside the peers, and the size of an account's state: ``make bench``."""
