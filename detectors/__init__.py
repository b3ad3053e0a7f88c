"""The pure core: event time only, deterministic, without Kafka, clock, log or environment."""
