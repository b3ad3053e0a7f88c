"""A real Apache Kafka for people, tests and benchmarks. Needs Java only; imports nothing but the standard library."""
