"""The prompt in a chat request: what the user said last."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.adapters.reading import Document, Reader, dig

PLACEHOLDERS = (
    "redacted-by-litellm",
    "redacted",
    "[redacted]",
    "<redacted>",
    "(redacted)",
    "{redacted}",
    "***redacted***",
    "__redacted__",
)
"""What gateways and instrumentations put where they have removed a text, in any case of letters. Only the whole text
counts: a request that merely has the word in it would otherwise be one without a prompt, at its maker's wish."""


_ANSWERING = ("assistant", "model")
_TEXTS = ("text", "input_text")


def last_prompt(*paths: str) -> Reader:
    """Read the text of the user's last message, from a list of messages or from JSON text of one."""

    def read(document: Document) -> str | None:
        for path in paths:
            if (found := prompt_of(dig(document, path))) is not None:
                return found
        return None

    return read


def user_turns(*paths: str) -> Reader:
    """Read which turn of a conversation a request is, ``None`` when it carries no text of the user, or placeholders.

    It follows as many answers as it carries: an agent answers itself with what its tools say. Where answers are left
    out, messages of the user tell. A placeholder may stand for one message or, as LiteLLM's does, for all of them.
    """

    def read(document: Document) -> int | None:
        for path in paths:
            messages = _messages(dig(document, path))
            if texts := [*_user_texts(messages)]:
                return None if any(map(_is_placeholder, texts)) else max(len(texts), 1 + _answers(messages))
        return None

    return read


def prompt_of(value: Any) -> str | None:
    """Return the user's last message: of a list of messages, of JSON text of one, or plain texts themselves.

    Placeholders are passed over, so who writes one behind a prompt hides nothing.
    """
    messages = _messages(value)
    if any(isinstance(message, Mapping) for message in messages):
        return next((text for text in reversed([*_user_texts(messages)]) if not _is_placeholder(text)), None)
    if isinstance(value, list):
        value = "\n".join(_parts(value))
    return value if isinstance(value, str) and value and not _is_placeholder(value) else None


def _is_placeholder(text: str) -> bool:
    return text.strip().lower() in PLACEHOLDERS


def _messages(value: Any) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return []
        # Somebody may ask about a list of objects; messages say whose they are.
        if not any(isinstance(message, Mapping) and "role" in message for message in value):
            return []
    return value if isinstance(value, list) else []


def _answers(messages: list[Any]) -> int:
    """Answers among the messages; a last one is what the next is to begin with."""
    return sum(isinstance(message, Mapping) and message.get("role") in _ANSWERING for message in messages[:-1])


def _user_texts(messages: list[Any]) -> Iterator[str]:
    for message in messages:
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content", message.get("parts"))
            if found := content if isinstance(content, str) else "\n".join(_parts(content)):
                yield found


def _parts(content: Any) -> Iterator[str]:
    """Texts of a message in parts: OpenAI and Bedrock call them text, the OTel conventions content.

    Pictures and what a tool has said are no words of the user's.
    """
    for part in content if isinstance(content, list) else []:
        if isinstance(part, Mapping) and part.get("type", "text") not in _TEXTS:
            continue
        found = part.get("text", part.get("content")) if isinstance(part, Mapping) else part
        if isinstance(found, str):
            yield found
