"""One small message of every format, and the usage events that are in it."""

import hashlib
import json
from typing import Any

from tests.unit.adapters.log_samples import (
    BEDROCK,
    BEDROCK_EVENT,
    HELICONE,
    HELICONE_EVENT,
    PORTKEY,
    PORTKEY_EVENT,
)
from tests.unit.adapters.otlp_samples import (
    OPENINFERENCE,
    OPENINFERENCE_EVENT,
    OTLP_NEW,
    OTLP_NEW_EVENT,
    OTLP_OLD,
    OTLP_OLD_EVENT,
    PROMPT,
)


def digest(raw: bytes) -> str:
    """What names a log entry that has no id of its own."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


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
    "event_id": digest(b'["call_1","resp_1",1772409721.29,"success"]'),
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
    "event_id": digest(json.dumps(APISIX, sort_keys=True, separators=(",", ":")).encode()),
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
