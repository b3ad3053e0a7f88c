"""Failures that a user can do something about, each in one line instead of a traceback."""

import re
import sys

from pydantic import ValidationError
from pydantic_settings import SettingsError

from streams.configuration import variable_of
from streams.settings import Settings
from streams.tls import TlsFileError


def expected_failure(error: Exception) -> str | None:
    """Return one line that says what to do about the failure; ``None`` for what can only be a fault of ours."""
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        return "settings: " + "; ".join(settings_errors(error))
    if isinstance(error, SettingsError):
        return f"settings: {unreadable_setting(error)}"
    if isinstance(error, TlsFileError):
        return f"settings: {error}"
    if _is_kafka_error(error):
        return _kafka_line(error)
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return None


def settings_errors(error: ValidationError) -> list[str]:
    """Tell the errors of the process settings, each beginning with the name of its variable; without the value."""
    found = []
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        message = entry["msg"].removeprefix("Value error, ")
        found.append(f"{variable_of(str(entry['loc'][0]))}: {message}" if entry["loc"] else message)
    return found


def unreadable_setting(error: SettingsError) -> str:
    """Name the variable whose text could not even be read, such as a list that is not JSON."""
    match = re.search(r'field "(\w+)"', str(error))
    if match is None:
        return str(error)
    example = Settings.model_fields[match[1]].examples
    return f"{variable_of(match[1])}: should be JSON" + (f", such as {example[0]}" if example else "")


def _kafka_line(error: Exception) -> str:
    name = type(error).__name__
    text = re.sub(r"^(\[Error \d+\] )?\w+Error: ", "", str(error))
    hint = " (is KAFKA_BOOTSTRAP_SERVERS right?)" if "bootstrap" in text.lower() else ""
    return f"Kafka: {text or name}{hint}"


def _is_kafka_error(error: Exception) -> bool:
    # Asked this way round so that a failure without Kafka does not import two Kafka clients.
    modules = (sys.modules.get(name) for name in ("kafka.errors", "aiokafka.errors"))
    return any(isinstance(error, module.KafkaError) for module in modules if module is not None)
