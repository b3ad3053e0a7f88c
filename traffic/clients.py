"""What requests are sent with: one table of clients and parameters for honest and campaign accounts alike."""

from dataclasses import dataclass
from random import Random

from traffic.random_draws import pick

_CLIENTS = {
    "chat": ("Harbor/4.2 (web)", "Harbor/4.2 (android)", "Harbor/4.1 (ios)", "Quillpad/1.9", "OpenDeck/0.31"),
    "code": ("mendel-cli/2.8", "mendel-cli/2.9", "plume-editor/1.4", "agentkit-py/0.12"),
    "api": ("python-requests/2.31", "vendor-sdk-python/3.6", "vendor-sdk-python/3.7", "vendor-sdk-node/3.2",
            "axios/1.6", "Go-http-client/2.0", "agentkit-py/0.12", "okhttp/4.12"),
    "app": ("Lumenote/3.2", "Pagewise/2.0", "Tutorly/5.1", "Deskmate/1.3", "Recipebox/7.4"),
}  # fmt: skip
KINDS = tuple(_CLIENTS)


@dataclass(frozen=True, slots=True)
class Client:
    """A client with the parameters it sends; None stands for a parameter that it leaves out."""

    user_agent: str
    temperature: float | None
    top_p: float | None
    max_output_tokens: int | None
    stream: bool


def draw_client(rng: Random, kind: str) -> Client:
    """Draw a client of a kind; raises ValueError for a kind that does not exist."""
    if kind not in _CLIENTS:
        raise ValueError(f"client kind {kind!r} is none of {', '.join(KINDS)}")
    is_typed = kind in ("chat", "app")
    return Client(
        user_agent=pick(rng, _CLIENTS[kind]),
        temperature=None if rng.random() < 0.35 else pick(rng, (0.0, 0.2, 0.5, 0.7, 0.7, 1.0)),
        top_p=None if rng.random() < 0.6 else pick(rng, (0.9, 0.95, 1.0)),
        max_output_tokens=None if rng.random() < 0.4 else pick(rng, (400, 800, 1000, 2000, 4000)),
        stream=rng.random() < (0.9 if is_typed else 0.35),
    )
