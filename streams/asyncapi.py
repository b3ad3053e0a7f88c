"""The AsyncAPI document: which topics others read and write, and what is in them."""

from typing import Any

from schemas.documents import CONTRACTS, DIALECT, schema_file
from streams.settings import Settings
from streams.topics import Role, TopicSpec, topic_specs

VERSION = "1.0.0"

_CHANNELS: dict[Role, tuple[str, str, str, str]] = {
    "input": ("usage-event", "receive", "Usage events of any gateway or collector.", "Any key, or none."),
    "usage": ("usage-event", "receive", "Usage events that need no adapting, without prompt text.", "The account_id."),
    "alerts": ("alert", "send", "Every publication about every alert, in order, kept for history.", "The subject."),
    "alert_state": (
        "alert",
        "send",
        "The newest publication about every subject: where a consumer starts. "
        "One that expired a week before is deleted, by a record without a value.",
        "The subject.",
    ),
    "dead_letter": (
        "dead-letter",
        "send",
        "Inputs that could not be read, with reason and origin.",
        "Key of the input.",
    ),
    "feedback": ("feedback", "receive", "What reviewers decided.", "The feedback_id."),
}
"""Channels for others, by topic: contract, our side of it, what it is for, and its Kafka key."""

_SUBJECT = "The subject of an alert is the account, or of a campaign the id of its alert."


def asyncapi_document() -> dict[str, Any]:
    """Return the AsyncAPI 3 document of the service with its default topic names."""
    specs = topic_specs(Settings.model_construct(topic_prefix="", input_topic="llm.usage"), 12, 3)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stillwatch",
            "version": VERSION,
            "description": "Finds accounts, and groups of accounts, that harvest a language model.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {role: _channel(specs[role], contract, text) for role, (contract, _, text, _) in _CHANNELS.items()},
        "operations": {
            f"{action}_{role}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{role}"},
                "messages": [{"$ref": f"#/channels/{role}/messages/{contract}"}],
            }
            for role, (contract, action, _, _) in _CHANNELS.items()
        },
        "components": {"messages": {name: _message(name) for name in CONTRACTS}},
    }


def _channel(spec: TopicSpec, contract: str, description: str) -> dict[str, Any]:
    _, _, _, key = _CHANNELS[spec.role]
    return {
        "address": spec.name,
        "description": f"{description} Key: {key}",
        "messages": {contract: {"$ref": f"#/components/messages/{contract}"}},
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "topicConfiguration": _topic_configuration(spec)}},
    }


def _topic_configuration(spec: TopicSpec) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": [spec.configs["cleanup.policy"]]}
    for key in ("retention.ms", "max.message.bytes"):
        if key in spec.configs:
            configuration[key] = int(spec.configs[key])
    return configuration


def _message(contract: str) -> dict[str, Any]:
    key = {"type": "string", "description": _SUBJECT} if contract == "alert" else {"type": ["string", "null"]}
    return {
        "name": contract,
        "title": contract.replace("-", " ").capitalize(),
        "contentType": "application/json",
        "payload": {
            "schemaFormat": f"application/schema+json;version={DIALECT.split('/')[-2]}",
            "schema": {"$ref": f"./{schema_file(contract)}"},
        },
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "key": key}},
    }
