"""The consuming processes that are measured, one module each: ``python -m bench.consumers.NAME TOPIC MESSAGES``."""
