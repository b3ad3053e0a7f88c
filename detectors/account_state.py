"""What is remembered of one account by itself, in order to describe its next bucket."""

import msgspec

from detectors.answers import Answers
from detectors.rhythm import RhythmState


class AccountState(msgspec.Struct, array_like=True):
    """State between buckets; about 1.5 KB as a snapshot.

    Parameters
    ----------
    first_ms, last_ms
        Start of the account's first bucket (-1 before it), and its latest exchange; milliseconds since the epoch.
    recent, slots
        Ids of its latest prompts, and of the slots that it has used, in one string each. A string is searched fast and
        is twenty times smaller than a set.
    parts, prompts
        How often each opener was in its prompts, and how many prompts that is. Both are halved together, so that a
        wrapper that is no longer used is forgotten.
    preambles
        First sentences of its latest prompts and how those go on, in one string, the latest last (``detectors.slots``).
    last_gap_ms
        Time between its latest exchange and the one before (milliseconds).
    end_users, addresses, clients
        Numbers of the distinct ones of ``day``, counted from the epoch; short tuples, for most accounts have a few.
    distinct_before
        How many of each there were on the active day before.
    answers
        Answers to the latest of the recent prompts.
    conversations
        Numbers of the latest ones, where events do not tell their turn.
    """

    rhythm: RhythmState
    first_ms: int = -1
    events: int = 0
    recent: str = ""
    slots: str = ""
    parts: dict[bytes, int] = {}
    prompts: int = 0
    last_ms: int = 0
    last_gap_ms: int = 0
    day: int = 0
    distinct_before: tuple[int, int, int] = (1, 1, 1)
    end_users: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()
    clients: tuple[int, ...] = ()
    answers: Answers = msgspec.field(default_factory=Answers)
    conversations: tuple[int, ...] = ()
    preambles: str = ""
