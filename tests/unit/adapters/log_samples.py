"""What log services and clouds write: Portkey, Helicone, Bedrock."""

import hashlib

from tests.unit.adapters.otlp_samples import PROMPT


def digest(raw: bytes) -> str:
    """What names a request whose id its maker may have chosen."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


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
        "response": {"id": "resp_1", "status": 200, "delayMs": 1500},
    },
}
HELICONE_EVENT = {
    "event_id": digest(b'["req_1","2026-03-02T00:02:01.290Z","resp_1",200]'),
    "occurred_at": "2026-03-02T00:02:01.290000Z",
    "account_id": "acct_1",
    "model": "m-1",
    "input_tokens": None,
    "output_tokens": None,
    "api_key_id": "42",
    "provider": "atlas",
    "stream": True,
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
    "input_tokens": 15,
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
