"""Exports of OpenTelemetry, with new and old names of attributes and those of OpenInference."""

from typing import Any

PROMPT = "Name three rivers."


def otlp_attributes(**values: Any) -> list[dict[str, Any]]:
    """Return attributes as OTLP writes them; `__` in a name stands for a dot."""
    kinds = {bool: "boolValue", str: "stringValue", float: "doubleValue"}
    return [
        {
            "key": name.replace("__", "."),
            "value": {"intValue": str(value)}
            if type(value) is int
            else value
            if isinstance(value, dict)
            else {kinds[type(value)]: value},
        }
        for name, value in values.items()
    ]


def otlp_span(span_id: str, **attributes: Any) -> dict[str, Any]:
    """Return a span of two seconds."""
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": span_id,
        "name": "chat m",
        "kind": 3,
        "startTimeUnixNano": "1772409721290123456",
        "endTimeUnixNano": "1772409723290123456",
        "attributes": otlp_attributes(**attributes),
    }


def otlp_spans(*spans: dict[str, Any]) -> dict[str, Any]:
    """Return an export of spans of one service."""
    resource = {"attributes": otlp_attributes(service__name="edge")}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "s"}, "spans": list(spans)}]}]}


def otlp_logs(*records: dict[str, Any]) -> dict[str, Any]:
    """Return an export of log records without a resource."""
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}


OTLP_NEW = otlp_spans(
    otlp_span(
        "00f067aa0ba902b7",
        gen_ai__operation__name="chat",
        gen_ai__provider__name="atlas",
        gen_ai__request__model="m-1",
        gen_ai__request__temperature=0.5,
        gen_ai__request__max_tokens=100,
        gen_ai__request__choice__count=2,
        gen_ai__request__stream=True,
        gen_ai__response__finish_reasons={"arrayValue": {"values": [{"stringValue": "stop"}]}},
        gen_ai__usage__input_tokens=11,
        gen_ai__usage__cache_read__input_tokens=4,
        gen_ai__usage__output_tokens=22,
        gen_ai__usage__reasoning__output_tokens=5,
        gen_ai__conversation__id="conv",
        gen_ai__input__messages='[{"role":"system","parts":[{"type":"text","content":"Be brief."}]},'
        '{"role":"user","parts":[{"type":"text","content":"Name three rivers."}]}]',
        user__id="acct_1",
        client__address="192.0.2.7",
        user_agent__original="client/2",
    ),
    otlp_span("00f067aa0ba902b8", db__system__name="postgresql"),
    otlp_span(
        "00f067aa0ba902b9", gen_ai__operation__name="execute_tool", gen_ai__request__model="m-1", user__id="acct_1"
    ),
)
OTLP_NEW_EVENT = {
    "event_id": "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
    "occurred_at": "2026-03-02T00:02:01.290123Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "cached_input_tokens": 4,
    "reasoning_tokens": 5,
    "provider": "atlas",
    "operation": "chat",
    "max_output_tokens": 100,
    "temperature": 0.5,
    "choice_count": 2,
    "stream": True,
    "conversation_id": "conv",
    "turn": 1,
    "finish_reason": "stop",
    "latency_ms": 2000.0,
    "client_ip": "192.0.2.7",
    "user_agent": "client/2",
    "prompt": PROMPT,
    "source": "edge",
}

OTLP_OLD = otlp_logs(
    {
        "timeUnixNano": "1772409721290123456",
        "attributes": otlp_attributes(
            gen_ai__system="atlas",
            gen_ai__response__model="m-1-2026",
            gen_ai__response__id="resp_1",
            gen_ai__usage__prompt_tokens=11,
            gen_ai__usage__completion_tokens=22,
            gen_ai__prompt=PROMPT,
            enduser__id="acct_1",
            error__type="timeout",
        ),
    }
)
OTLP_OLD_EVENT = {
    "event_id": "resp_1",
    "occurred_at": "2026-03-02T00:02:01.290123Z",
    "account_id": "acct_1",
    "model": "m-1-2026",
    "input_tokens": 11,
    "output_tokens": 22,
    "end_user_id": "acct_1",
    "provider": "atlas",
    "error_type": "timeout",
    "prompt": PROMPT,
    "source": "otlp",
}

OPENINFERENCE = otlp_spans(
    otlp_span(
        "00f067aa0ba902ba",
        openinference__span__kind="LLM",
        llm__model_name="m-1",
        llm__system="atlas",
        llm__token_count__prompt=11,
        llm__token_count__completion=22,
        llm__invocation_parameters='{"model":"m-1","temperature":0.5,"n":2,"max_completion_tokens":100,"stream":true,'
        '"logprobs":false}',
        session__id="sess",
        user__id="acct_1",
    )
)
OPENINFERENCE_EVENT = {
    "event_id": "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902ba",
    "occurred_at": "2026-03-02T00:02:01.290123Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "provider": "atlas",
    "max_output_tokens": 100,
    "temperature": 0.5,
    "choice_count": 2,
    "logprobs": False,
    "stream": True,
    "latency_ms": 2000.0,
    "source": "edge",
}
