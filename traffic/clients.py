"""What requests are sent with: one table of clients and parameters for honest and campaign accounts alike."""

from dataclasses import dataclass
from random import Random
from typing import Any

from traffic.random_draws import chance, pick

_CLIENTS = {
    "chat": ("Harbor/4.2 (web)", "Harbor/4.2 (android)", "Harbor/4.1 (ios)", "Quillpad/1.9", "OpenDeck/0.31"),
    "code": ("mendel-cli/2.8", "mendel-cli/2.9", "plume-editor/1.4", "agentkit-py/0.12"),
    "api": ("python-requests/2.31", "vendor-sdk-python/3.6", "vendor-sdk-python/3.7", "vendor-sdk-node/3.2",
            "axios/1.6", "Go-http-client/2.0", "agentkit-py/0.12", "okhttp/4.12"),
    "app": ("Lumenote/3.2", "Pagewise/2.0", "Tutorly/5.1", "Deskmate/1.3", "Recipebox/7.4"),
}  # fmt: skip
KINDS = tuple(_CLIENTS)
_WITHOUT_APP = ("chat", "code", "api")


@dataclass(frozen=True, slots=True)
class Client:
    """A client: the fields of an event that it decides; parameters that it does not send are absent."""

    parameters: dict[str, Any]


def draw_client(rng: Random, kind: str) -> Client:
    """Draw a client of a kind, ``any`` for any but an app's; raises ValueError for a kind that does not exist."""
    if kind == "any":
        kind = pick(rng, _WITHOUT_APP)
    if kind not in _CLIENTS:
        raise ValueError(f"client kind {kind!r} is none of {', '.join(KINDS)}")
    is_typed = kind in ("chat", "app")
    parameters: dict[str, Any] = {
        "user_agent": pick(rng, _CLIENTS[kind]),
        "stream": chance(rng, 0.9 if is_typed else 0.35),
    }
    if chance(rng, 0.65):
        parameters["temperature"] = pick(rng, (0.0, 0.2, 0.5, 0.7, 0.7, 1.0))
    if chance(rng, 0.4):
        parameters["top_p"] = pick(rng, (0.9, 0.95, 1.0))
    if chance(rng, 0.6):
        parameters["max_output_tokens"] = pick(rng, (400, 800, 1000, 2000, 4000))
    return Client(parameters)
