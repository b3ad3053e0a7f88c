"""Whose words a request carries, and which turn it is, in the forms in which gateways write messages."""

import json
from typing import Any

import pytest

from tests.unit.adapters.adapting import adapt, changed, only_event
from tests.unit.adapters.otlp_samples import otlp_span, otlp_spans
from tests.unit.adapters.samples import APISIX, ENVOY, HELICONE, LITELLM, PORTKEY

ASKED = {"role": "user", "content": "Mend the test."}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "run"}}]}
TOOL = {"role": "tool", "tool_call_id": "1", "content": "2 failed"}
TOOL_RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "2 failed"}]}


@pytest.mark.parametrize(
    ("messages", "turn"),
    [
        ([ASKED], 1),
        ([ASKED, CALLED, TOOL], 2),
        ([ASKED, CALLED, TOOL, CALLED, TOOL], 3),
        ([ASKED, CALLED, TOOL_RESULT], 2),
        ([ASKED, {"role": "model", "content": "Which?"}, ASKED], 2),
        ([ASKED, ASKED], 2),
        ([ASKED, {"role": "assistant", "content": "Sure:"}], 1),
    ],
)
def test_a_request_comes_after_the_answers_that_it_carries(messages: list[dict[str, Any]], turn: int) -> None:
    """An agent goes on with what its tools say; what the answer is to begin with is no answer yet."""
    event = only_event(LITELLM | {"messages": messages})

    assert (event["turn"], event["prompt"]) == (turn, "Mend the test.")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "blob", "modality": "image", "content": "iVBORw0KGgo"},
        {"type": "image_url", "image_url": {"url": "https://x.test/1.png"}},
        {"type": "tool_result", "content": "==== FAILURES ===="},
    ],
)
def test_pictures_and_what_tools_say_are_no_words_of_the_users(part: dict[str, Any]) -> None:
    """Only texts are, whatever a format calls them."""
    for text in ({"type": "text", "text": "What is it?"}, {"type": "text", "content": "What is it?"}, "What is it?"):
        assert (
            only_event(LITELLM | {"messages": [{"role": "user", "content": [text, part]}]})["prompt"] == "What is it?"
        )


BODY = {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, ASKED, CALLED, TOOL], "max_tokens": 50}


@pytest.mark.parametrize(
    ("attributes", "prompt", "turn"),
    [
        ({"input__value": json.dumps(BODY), "input__mime_type": "application/json"}, "Mend the test.", 2),
        ({"input__value": json.dumps({"prompt": "Name three rivers."}), "input__mime_type": "application/json"},
         "Name three rivers.", None),
        ({"input__value": '{"a": 1}', "input__mime_type": "application/json"}, None, None),
        ({"input__value": '{"broken', "input__mime_type": "application/json"}, None, None),
        ({"input__value": json.dumps([ASKED]), "input__mime_type": "application/json"}, "Mend the test.", 1),
        ({"input__value": '"Name three rivers."', "input__mime_type": "application/json"}, "Name three rivers.", None),
        ({"input__value": json.dumps({"messages": None, "input": "Name three rivers."}),
          "input__mime_type": "application/json"}, "Name three rivers.", None),
        ({"input__value": '{"a": 1}', "input__mime_type": "text/plain"}, '{"a": 1}', None),
    ],
)  # fmt: skip
def test_a_request_body_is_no_prompt(attributes: dict[str, Any], prompt: str | None, turn: int | None) -> None:
    """OpenInference gives the whole body as the input, and says so by its type."""
    event = only_event(
        otlp_spans(otlp_span("01", openinference__span__kind="LLM", llm__model_name="m", user__id="a", **attributes))
    )

    assert (event.get("prompt"), event.get("turn")) == (prompt, turn)


def test_flattened_messages_are_put_together() -> None:
    """One attribute for each role and each text, in the order of their numbers, not of their names."""
    begin = "llm__input_messages__{}__message__{}"
    attributes = {
        begin.format(10, "role"): "user",
        begin.format(10, "contents__1__message_content__text"): "and three lakes.",
        begin.format(10, "contents__0__message_content__text"): "Name three rivers",
        begin.format(9, "role"): "assistant",
        begin.format(9, "content"): "What next?",
        begin.format(0, "role"): "user",
        begin.format(0, "content"): "Hello.",
        "input__value": json.dumps(BODY),
        "input__mime_type": "application/json",
    }
    event = only_event(
        otlp_spans(otlp_span("01", openinference__span__kind="LLM", llm__model_name="m", user__id="a", **attributes))
    )

    assert (event["prompt"], event["turn"]) == ("Name three rivers\nand three lakes.", 2)


@pytest.mark.parametrize(
    ("content", "prompt"),
    [
        ("Name three rivers.", "Name three rivers."),
        ('[{"type": "text", "text": "Name three rivers."}, {"type": "image_url", "image_url": {}}]',
         "Name three rivers."),
        ('[{"q": "What is heat?"}]', '[{"q": "What is heat?"}]'),
        # Whoever writes a list that only looks like parts hides nothing by it.
        *(
            (text, text)
            for text in (
                '[{"type": "q", "text": "What is heat?"}]',
                '[{"type": "text", "text": "Hi."}, {"type": ["text"], "q": "What is heat?"}]',
                '[{"type": "text", "text": "Hi."}, {"type": "image", "text": "What is heat?"}]',
            )
        ),
        ("[broken", "[broken"),
        ("[]", "[]"),
    ],
)  # fmt: skip
def test_messages_that_older_spans_flatten_are_read(content: str, prompt: str) -> None:
    """LiteLLM and others wrote an attribute for each before the conventions had one for all."""
    attributes = {
        "gen_ai__prompt__0__role": "user",
        "gen_ai__prompt__0__content": "Hello.",
        "gen_ai__prompt__1__role": "assistant",
        "gen_ai__prompt__1__content": "What can I do?",
        "gen_ai__prompt__2__role": "user",
        "gen_ai__prompt__2__content": content,
    }
    event = only_event(otlp_spans(otlp_span("01", gen_ai__request__model="m", user__id="a", **attributes)))

    assert (event["prompt"], event["turn"]) == (prompt, 2)


@pytest.mark.parametrize("text", ['[{"q": "What is heat?"}]', "[1, 2]", "[]"])
def test_a_list_that_somebody_asks_about_is_a_text(text: str) -> None:
    """Messages say whose they are."""
    assert only_event(changed(PORTKEY, "request/body", {"model": "m", "prompt": text}))["prompt"] == text


@pytest.mark.parametrize("chosen", ["x" * 257, "\0x"])
@pytest.mark.parametrize(
    ("document", "path", "left"),
    [
        (PORTKEY, "request/portkeyHeaders/x-portkey-metadata", "org_1"),
        (HELICONE, "log/request/userId", "42"),
        (ENVOY | {"user.id": "acct_2"}, "x-account-id", "acct_2"),
    ],
)
def test_an_account_that_cannot_be_one_is_passed_over(document: Any, path: str, left: str, chosen: str) -> None:
    """Whoever may choose it makes no event unreadable by a long one, or by one with a leading NUL."""
    written = json.dumps({"_user": chosen}) if document is PORTKEY else chosen

    assert only_event(changed(document, path, written))["account_id"] == left


@pytest.mark.parametrize("chosen", ["x" * 257, "\0x"])
def test_the_key_of_a_span_stands_for_an_account_that_cannot_be_one(chosen: str) -> None:
    """So does the format's own account for one in a place that the operator names."""
    span = otlp_span("01", gen_ai__request__model="m", user__id=chosen, api_key__id="key_1")

    assert only_event(otlp_spans(span))["account_id"] == "key_1"
    assert only_event(ENVOY | {"mine": chosen}, account_paths=["mine"])["account_id"] == "acct_1"


def test_a_source_that_is_too_long_makes_no_event_unreadable() -> None:
    """Envoy's comes from who makes the request."""
    assert only_event(ENVOY | {":authority": "x" * 257})["source"] == "envoy"


def test_a_client_that_names_its_calls_hides_none() -> None:
    """Two calls under one name are two; the same entry, delivered again, is one."""
    for document, later in (
        (LITELLM, LITELLM | {"startTime": LITELLM["startTime"] + 1}),  # type: ignore[operator]
        (LITELLM, LITELLM | {"status": "failure"}),
        (APISIX, changed(APISIX, "start_time", APISIX["start_time"] + 1)),  # type: ignore[operator]
        (HELICONE, changed(HELICONE, "log/request/requestCreatedAt", "2026-03-02T00:02:01.291Z")),
        (HELICONE, changed(HELICONE, "log/response/id", "resp_2")),
        (HELICONE, changed(HELICONE, "log/response/status", 500)),
    ):
        assert only_event(document)["event_id"] == only_event(dict(document))["event_id"]
        assert only_event(document)["event_id"] != only_event(later)["event_id"]
    # LiteLLM may report one call twice, a moment apart.
    again = LITELLM | {"endTime": LITELLM["endTime"] + 0.25}  # type: ignore[operator]
    assert only_event(again)["event_id"] == only_event(LITELLM)["event_id"]


def test_what_passes_through_a_proxy_has_a_model_that_nobody_names() -> None:
    """Only Helicone's own gateway tells it."""
    [event] = adapt(HELICONE | {"heliconeMeta": {}}).events

    assert event.model == ""
