"""One small message of every format, and the usage events that are in it."""

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
    "conversation_id": "sess",
    "latency_ms": 2000.0,
    "source": "edge",
}

LITELLM = {
    "id": "resp_1",
    "litellm_call_id": "call_1",
    "call_type": "acompletion",
    "stream": False,
    "status": "success",
    "custom_llm_provider": "atlas",
    "prompt_tokens": 11,
    "completion_tokens": 22,
    "startTime": 1772409721.29,
    "endTime": 1772409722.79,
    "model": "m-1",
    "end_user": "",
    "requester_ip_address": "192.0.2.7",
    "user_agent": "client/2",
    "messages": [{"role": "user", "content": PROMPT}],
    "metadata": {
        "user_api_key_hash": "h4sh",
        "user_api_key_user_id": "acct_1",
        "user_api_key_org_id": "org_1",
        "requester_custom_headers": {"x-session-id": "sess"},
        "usage_object": {
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    },
    "model_parameters": {"temperature": 0.5, "n": 2, "max_tokens": 100, "logprobs": True},
    "response": {"choices": [{"finish_reason": "stop"}]},
    "error_information": {"error_code": "", "error_class": ""},
}
LITELLM_EVENT = {
    "event_id": "call_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "cached_input_tokens": 4,
    "reasoning_tokens": 5,
    "organization_id": "org_1",
    "api_key_id": "h4sh",
    "provider": "atlas",
    "operation": "chat",
    "max_output_tokens": 100,
    "temperature": 0.5,
    "choice_count": 2,
    "logprobs": True,
    "stream": False,
    "conversation_id": "sess",
    "turn": 1,
    "finish_reason": "stop",
    "status_code": 200,
    "latency_ms": 1500.0,
    "client_ip": "192.0.2.7",
    "user_agent": "client/2",
    "prompt": PROMPT,
    "source": "litellm",
}

ENVOY = {
    ":authority": "llm.test",
    "x-request-id": "req_1",
    "start_time": "2026-03-02T00:02:01.290Z",
    "duration": 1500,
    "response_code": 200,
    "gen_ai.provider.name": "default/atlas/route/r/rule/0/ref/0",
    "gen_ai.request.model": "m-1",
    "gen_ai.usage.input_tokens": 11,
    "gen_ai.usage.output_tokens": 22,
    "gen_ai.usage.reasoning_tokens": 5,
    "session.id": "sess",
    "x-forwarded-for": "192.0.2.7, 10.0.0.1",
    "user-agent": "client/2",
    "x-account-id": "acct_1",
}
ENVOY_EVENT = {
    "event_id": "req_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "reasoning_tokens": 5,
    "provider": "atlas",
    "conversation_id": "sess",
    "status_code": 200,
    "latency_ms": 1500.0,
    "client_ip": "192.0.2.7",
    "user_agent": "client/2",
    "source": "llm.test",
}

KONG = {
    "request": {"id": "req_1", "headers": {"user-agent": "client/2", "authorization": "REDACTED"}},
    "response": {"status": 200},
    "latencies": {"request": 1500, "proxy": 1490},
    "client_ip": "192.0.2.7",
    "started_at": 1772409721290,
    "consumer": {"id": "0001", "username": "kim", "custom_id": "acct_1"},
    "authenticated_entity": {"id": "key_1"},
    "service": {"name": "atlas-service"},
    "ai": {
        "proxy": {
            "meta": {"request_model": "m-1", "provider_name": "atlas", "request_mode": "oneshot"},
            "usage": {
                "prompt_tokens": 11,
                "completion_tokens": 22,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            "payload": {"request": '{"temperature":0.5,"messages":[{"role":"user","content":"Name three rivers."}]}'},
        }
    },
}
KONG_EVENT = {
    "event_id": "req_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "cached_input_tokens": 4,
    "reasoning_tokens": 5,
    "api_key_id": "key_1",
    "provider": "atlas",
    "temperature": 0.5,
    "stream": False,
    "turn": 1,
    "status_code": 200,
    "latency_ms": 1500.0,
    "client_ip": "192.0.2.7",
    "user_agent": "client/2",
    "prompt": PROMPT,
    "source": "atlas-service",
}

APISIX = {
    "start_time": 1772409721290,
    "latency": 1500.5,
    "client_ip": "192.0.2.7",
    "consumer": {"username": "acct_1"},
    "server": {"hostname": "apisix-0"},
    "request": {"headers": {"user-agent": "client/2", "x-request-id": "req_1"}},
    "response": {"status": 200},
    "llm_summary": {
        "request_model": "m-1",
        "prompt_tokens": 11,
        "completion_tokens": 22,
        "cache_read_input_tokens": 4,
        "reasoning_tokens": 5,
        "stream": "true",
        "tool_count": 1,
    },
    "llm_request": {"messages": [{"role": "user", "content": PROMPT}], "temperature": 0.5},
}
APISIX_EVENT = {
    "event_id": "req_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "cached_input_tokens": 4,
    "reasoning_tokens": 5,
    "temperature": 0.5,
    "stream": True,
    "tool_call_count": 1,
    "turn": 1,
    "status_code": 200,
    "latency_ms": 1500.5,
    "client_ip": "192.0.2.7",
    "user_agent": "client/2",
    "prompt": PROMPT,
    "source": "apisix-0",
}

PORTKEY = {
    "_id": "log_1",
    "created_at": "2026-03-02T00:02:01.290Z",
    "organisation_id": "org_1",
    "request": {
        "headers": {"user-agent": "client/2", "x-forwarded-for": "192.0.2.7"},
        "body": {
            "model": "m-1",
            "temperature": 0.5,
            "n": 2,
            "messages": [{"role": "user", "content": [{"type": "text", "text": PROMPT}]}],
        },
        "portkeyHeaders": {"x-portkey-metadata": '{"_user":"acct_1"}'},
    },
    "response": {
        "status": 200,
        "responseTime": 1500,
        "body": {"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 11, "completion_tokens": 22}},
    },
}
PORTKEY_EVENT = {
    "event_id": "log_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "organization_id": "org_1",
    "temperature": 0.5,
    "choice_count": 2,
    "turn": 1,
    "finish_reason": "stop",
    "status_code": 200,
    "latency_ms": 1500.0,
    "client_ip": "192.0.2.7",
    "user_agent": "client/2",
    "prompt": PROMPT,
    "source": "portkey",
}

HELICONE = {
    "authorization": "a secret",
    "heliconeMeta": {"modelOverride": None, "gatewayModel": "m-1", "gatewayProvider": "atlas"},
    "log": {
        "request": {
            "id": "req_1",
            "userId": "acct_1",
            "heliconeApiKeyId": 42,
            "properties": {"Helicone-Session-Id": "sess"},
            "countryCode": "SE",
            "requestCreatedAt": "2026-03-02T00:02:01.290Z",
            "isStream": True,
        },
        "response": {"status": 200, "delayMs": 1500},
    },
}
HELICONE_EVENT = {
    "event_id": "req_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": None,
    "output_tokens": None,
    "api_key_id": "42",
    "provider": "atlas",
    "stream": True,
    "conversation_id": "sess",
    "status_code": 200,
    "latency_ms": 1500.0,
    "country": "SE",
    "source": "helicone",
}

BEDROCK = {
    "schemaType": "ModelInvocationLog",
    "timestamp": "2026-03-02T00:02:01Z",
    "accountId": "000000000001",
    "identity": {"arn": "arn:aws:sts::000000000001:assumed-role/app/acct_1"},
    "region": "eu-north-1",
    "requestId": "req_1",
    "operation": "ConverseStream",
    "modelId": "m-1",
    "input": {
        "inputTokenCount": 11,
        "cacheReadInputTokenCount": 4,
        "inputBodyJson": {
            "messages": [{"role": "user", "content": [{"text": PROMPT}]}],
            "inferenceConfig": {"temperature": 0.5, "maxTokens": 100},
        },
    },
    "output": {"outputTokenCount": 22, "outputBodyJson": {"stopReason": "end_turn", "metrics": {"latencyMs": 1500}}},
}
BEDROCK_EVENT = {
    "event_id": "req_1",
    "occurred_at": "2026-03-02T00:02:01Z",
    "account_id": "arn:aws:sts::000000000001:assumed-role/app/acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "cached_input_tokens": 4,
    "organization_id": "000000000001",
    "operation": "chat",
    "max_output_tokens": 100,
    "temperature": 0.5,
    "stream": True,
    "turn": 1,
    "finish_reason": "end_turn",
    "latency_ms": 1500.0,
    "prompt": PROMPT,
    "source": "eu-north-1",
}

CLOUDEVENT = {
    "specversion": "1.0",
    "type": "test.llm.usage.v1",
    "source": "/edge/1",
    "id": "evt_1",
    "time": "2026-03-02T00:02:01.290Z",
    "subject": "acct_1",
    "data": {"request_model": "m-1", "usage": {"input_tokens": 11, "output_tokens": 22}, "plan": "pro"},
}
CLOUDEVENT_EVENT = {
    "event_id": "evt_1",
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": 11,
    "output_tokens": 22,
    "plan": "pro",
    "source": "/edge/1",
}

SAMPLES: dict[str, tuple[Any, dict[str, Any]]] = {
    "otlp": (OTLP_NEW, OTLP_NEW_EVENT),
    "otlp-old-names": (OTLP_OLD, OTLP_OLD_EVENT),
    "openinference": (OPENINFERENCE, OPENINFERENCE_EVENT),
    "litellm": (LITELLM, LITELLM_EVENT),
    "envoy": (ENVOY, ENVOY_EVENT),
    "kong": (KONG, KONG_EVENT),
    "apisix": (APISIX, APISIX_EVENT),
    "portkey": (PORTKEY, PORTKEY_EVENT),
    "helicone": (HELICONE, HELICONE_EVENT),
    "bedrock": (BEDROCK, BEDROCK_EVENT),
    "cloudevents": (CLOUDEVENT, CLOUDEVENT_EVENT),
}
"""Every format's message and the one usage event in it."""
