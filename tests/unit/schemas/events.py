"""Usage events for tests: a complete valid one, and strategies for valid, odd and broken ones."""

import json
from typing import Any

from hypothesis import strategies as st

COMPLETE: dict[str, Any] = {
    "schema_version": "1",
    "event_id": "evt_1",
    "occurred_at": "2026-03-02T00:02:01.290Z",
    "account_id": "acct_1",
    "model": "atlas-large",
    "input_tokens": 46,
    "output_tokens": None,
    "tenant_id": "t1",
    "organization_id": "org_1",
    "api_key_id": "key_1",
    "end_user_id": "user_1",
    "plan": "pro",
    "account_created_at": "2024-12-15T16:03:45+02:00",
    "provider": "atlas",
    "operation": "chat",
    "cached_input_tokens": 0,
    "reasoning_tokens": 3,
    "max_output_tokens": 512,
    "temperature": 0.7,
    "top_p": 1,
    "choice_count": 1,
    "logprobs": False,
    "stream": True,
    "tool_call_count": 0,
    "conversation_id": "c_1",
    "turn": 1,
    "finish_reason": "stop",
    "status_code": 200,
    "error_type": None,
    "latency_ms": 5619.25,
    "client_ip": "203.0.113.9",
    "asn": 64500,
    "country": "SE",
    "user_agent": "client/1.0",
    "payment_fingerprint": "pay_1",
    "device_fingerprint": "dev_1",
    "system_prompt_fingerprint": "sp_1",
    "prompt": "Count the lines, \u00e9\u4e16\U0001f600.",
    "prompt_fingerprint": None,
    "labels": ["code", ""],
    "source": "gateway-1",
}
"""Every field of version 1 once."""

REQUIRED = ("event_id", "occurred_at", "account_id", "model", "input_tokens", "output_tokens")

INSTANTS = [
    "2026-03-02T00:02:01Z",
    "2026-03-02t00:02:01z",
    "2026-03-02 00:02:01Z",
    "2026-03-02T00:02:01.1234565Z",
    "2026-03-02T00:02:01.9999995+05:30",
    "2026-03-02T00:02:01.99999949999999999-00:00",
    "2026-03-02T23:59:59.999999999Z",
    "2026-03-02T00:02:01+0100",
    "2024-02-29T12:00:00Z",
    "1970-01-01T00:00:00Z",
    "2100-12-31T23:59:59Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59.9999994Z",
]
"""Times that version 1 reads."""

NOT_INSTANTS = [
    "",
    "2026-03-02",
    "2026-03-02T00:02:01",
    "2026-03-02T00:02Z",
    "2026-03-02T00:02:01.Z",
    "2026-03-02T00:02:01,5Z",
    "2026-03-02_00:02:01Z",
    "2026-03-02T00:02:60Z",
    "2026-03-02T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-03-02T00:02:01+24:00",
    "2026-03-02T00:02:01+23:60",
    "2026-03-02T00:02:01+01",
    "2026-03-02T00:02:01\u221201:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999995Z",
    "20260302T000201Z",
    "1772409721",
    "1772409721.5",
    " 2026-03-02T00:02:01Z",
    "2026-03-02T00:02:01Z\n",
    "\uff12\uff10\uff12\uff16-03-02T00:02:01Z",
]
"""Times that version 1 refuses, some of which other readers of RFC 3339 let pass."""

odd_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\x00", "\x00a", "a\x00", "x" * 128, "x" * 129, "x" * 256, "x" * 257, "\U0010ffff", "\ud800"]),
    st.sampled_from(INSTANTS + NOT_INSTANTS),
)
odd_numbers = st.one_of(
    st.integers(-5, 5),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [10**9, 10**9 + 1, 2**53, 2**63, 2**64, 10**40, -(2**63) - 1, 4_294_967_295, 4_294_967_296, 1.0, -0.0]
    ),
)
odd_values = st.recursive(
    st.one_of(st.none(), st.booleans(), odd_numbers, odd_texts),
    lambda children: st.one_of(st.lists(children, max_size=3), st.dictionaries(odd_texts, children, max_size=2)),
    max_leaves=4,
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid event with any of the optional fields."""
    optional = draw(st.sets(st.sampled_from(sorted(COMPLETE.keys() - set(REQUIRED)))))
    event = {name: value for name, value in COMPLETE.items() if name in REQUIRED or name in optional}
    event["occurred_at"] = draw(st.sampled_from(INSTANTS))
    event["input_tokens"] = draw(st.one_of(st.none(), st.integers(0, 10**9)))
    event["event_id"] = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8))
    return event


@st.composite
def odd_events(draw: st.DrawFn) -> bytes:
    """Draw the JSON of a valid event in which fields were replaced, removed, added or given twice."""
    members = list(draw(events()).items())
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.one_of(st.sampled_from(sorted(COMPLETE)), odd_texts))
        change = draw(st.sampled_from(["replace", "remove", "repeat"]))
        kept = members if change == "repeat" else [member for member in members if member[0] != name]
        members = kept if change == "remove" else [*kept, (name, draw(odd_values))]
        members = draw(st.permutations(members)) if draw(st.booleans()) else members
    is_ascii = draw(st.booleans())
    text = ",".join(f"{_dumps(n, is_ascii)}:{_dumps(v, is_ascii)}" for n, v in members)
    return ("{" + text + "}").encode("utf-8", "surrogatepass")


def _dumps(value: Any, is_ascii: bool) -> str:
    return json.dumps(value, ensure_ascii=is_ascii)


@st.composite
def broken_events(draw: st.DrawFn) -> bytes:
    """Draw the JSON of a valid event with some bytes replaced, removed or inserted."""
    raw = bytearray(json.dumps(draw(events()), ensure_ascii=draw(st.booleans())).encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        cut = draw(st.sampled_from([0, 1, 1, 2, len(raw)]))
        raw[at : at + cut] = draw(
            st.one_of(
                st.binary(max_size=2), st.sampled_from([b"", b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"1e999", b"NaN"])
            )
        )
    return bytes(raw)
