"""Places: where in its prompts an account says what it asks.

What a prompt asks is what begins its first part that is no wrapper: its slot. Whoever puts words without meaning before
each prompt, others every time, or a wrapper that no mark ends, says it elsewhere: in a later part, or some words on.
Where that is shows in what a crowd asks. So while nobody else has an account's slots, it is counted how popular the
most popular opener elsewhere in each of its prompts is. When they are more popular than is chance, they take the place
of the slots.

It is blind to words put between others, to what stands behind a wrapper and such words besides, and to what begins
beyond the room that a fingerprint has for leads (fifteen, less the parts of the prompt). Its honest twins are jobs on
data that ask what people ask and begin with a name; behind a wrapper that a mark ends, those look the same.
"""

import msgspec

from detectors.account_state import AccountState
from detectors.crowd import CrowdModel
from detectors.fingerprint_layout import NO_OPENER, OPENER_CHARS
from detectors.slots import parts_behind
from detectors.vocabulary import codes_of
from schemas.account_bucket import NO_SLOT, AccountBucket

_LATER_PARTS = 2
_PART_CHARS = _LATER_PARTS * OPENER_CHARS
_LEAST_PROMPTS = 6
"""Slots are judged as if there were this many prompts: one or two tell nothing."""
_LEAST_POPULAR, _LEAST_RATIO = 2.0, 0.6
"""Openers elsewhere are what is asked from this popularity on, added up, and this part of what jobs reach besides."""
_SLOTS_RATIO = 0.5
"""Slots that reach this part of what jobs reach are what is asked."""
_HALVE_AFTER = 64
"""Prompts after which what was counted is halved."""


class Places(msgspec.Struct, array_like=True):
    """How popular it is what stands elsewhere than in the slots of an account's latest prompts.

    Parameters
    ----------
    prompts
        How many prompts that is.
    slots
        Popularity of their slots, added up.
    elsewhere
        Popularity of the most popular opener elsewhere in each, added up; 0 while slots are popular.
    latest
        What stands elsewhere in the latest of them, as ``AccountBucket.places`` has it.
    is_told
        Whether that is what the account asks.
    """

    prompts: int = 0
    slots: float = 0.0
    elsewhere: float = 0.0
    latest: str = ""
    is_told: bool = False

    def follow(self, crowd: CrowdModel, bucket: AccountBucket, job_ratio: float) -> AccountBucket:
        """Count the prompts of a bucket; half a microsecond for each opener in them.

        Returns the bucket, with what is asked elsewhere instead of slots if that was told before it. ``job_ratio`` is
        the popularity that jobs reach.
        """
        was_told, unseen = self.is_told, frozenset(bucket.new_slots)
        self.prompts += len(bucket.slots) + sum([at == NO_SLOT for at, _ in bucket.places])
        self.slots += sum([crowd.popularity(slot, is_own=slot not in unseen) for slot in bucket.slots])
        asked: list[tuple[int, str]] = []
        if self.slots < _SLOTS_RATIO * job_ratio * max(_LEAST_PROMPTS, self.prompts):
            asked = [(at, self._asked(crowd, places)) for at, places in bucket.places]
            least = _LEAST_POPULAR + _LEAST_RATIO * job_ratio * self.prompts
            self.is_told = self.elsewhere > least
        else:
            self.elsewhere, self.latest, self.is_told = 0.0, "", False
        while self.prompts >= _HALVE_AFTER:
            self.prompts //= 2
            self.slots /= 2
            self.elsewhere /= 2
        return _with_slots(bucket, [(at, opener) for at, opener in asked if opener]) if was_told else bucket

    def _asked(self, crowd: CrowdModel, places: str) -> str:
        """The most popular opener of a prompt, which is counted; empty without one.

        What the prompt before had at the same place is wrapper.
        """
        before = codes_of(self.latest, OPENER_CHARS)
        self.latest = places
        asked, most = "", -1.0
        for place, opener in enumerate(codes_of(places, OPENER_CHARS)):
            if opener != NO_OPENER and opener not in before[place : place + 1]:
                popular = crowd.popularity(opener, is_own=False)
                if popular > most:
                    asked, most = opener, popular
        self.elsewhere += max(0.0, most)
        return asked


def places_of(state: AccountState, slot: str | None, openers: str, leads: str, wrapper_ratio: float) -> str:
    """What may be what the prompt counted last asks besides its slot: two parts behind that, and its leads."""
    parts = "" if slot is None else parts_behind(state, openers, slot, wrapper_ratio, _LATER_PARTS)
    return parts.ljust(_PART_CHARS, NO_OPENER[0]) + leads if leads else parts


def _with_slots(bucket: AccountBucket, asked: list[tuple[int, str]]) -> AccountBucket:
    """The bucket with these for slots, each where it says, or besides (``NO_SLOT``); none of them is new."""
    if not asked:
        return bucket
    instead = {at: opener for at, opener in asked if at != NO_SLOT}
    gone = {bucket.slots[at] for at in instead}
    slots = [instead.get(at, slot) for at, slot in enumerate(bucket.slots)]
    return msgspec.structs.replace(
        bucket,
        slots=slots + [opener for at, opener in asked if at == NO_SLOT],
        new_slots=[slot for slot in bucket.new_slots if slot not in gone],
        preambles=[preamble for preamble in bucket.preambles if preamble[0] not in instead],
    )
