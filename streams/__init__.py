"""The service around the detectors: Kafka, Faust, checkpoints, commands."""
