"""What the accounts of each tenant have lately asked, and in what style.

For each tenant there is a vocabulary of openers and one for each facet of style. They are kept by tenant because what
is usual must be told from a tenant's own accounts: that another tenant's users do not ask something makes nobody alike
here.
"""

from detectors.exchange import TEXT_CHARS
from detectors.fingerprint_layout import NO_OPENER, OPENER_CHARS
from detectors.style import FACET_CHARS, FACETS, facet_of
from detectors.suspicion import Suspicion
from detectors.vocabulary import RECENT_CODES, Vocabulary, codes_of
from schemas.account_bucket import AccountBucket

_LATEST_SLOTS, _MANY_PREAMBLES = 32, 8
"""Of so many slots, so many different preambles: the account takes them in turn. Of fewer one is in so many prompts
that it is a wrapper, and whoever plays with a prompt that goes round has three."""


class Said:
    """The vocabularies of one tenant."""

    def __init__(self) -> None:
        self.openers = Vocabulary(OPENER_CHARS)
        self.styles = [Vocabulary(chars) for chars in FACET_CHARS]


class Heard:
    """The vocabularies by tenant, and the recent codes of an account in its state."""

    def __init__(self) -> None:
        self._said: dict[str | None, Said] = {}

    def of(self, tenant_id: str | None) -> Said:
        """What a tenant's accounts have said."""
        said = self._said.get(tenant_id)
        return self._said.setdefault(tenant_id, Said()) if said is None else said

    def hear(self, state: Suspicion, record: AccountBucket) -> None:
        """Count what an account sent in a bucket, and keep the latest of it in its state."""
        said = self.of(state.tenant_id)
        self._hear_slots(state, said.openers, record)
        state.texts = (state.texts + record.texts)[-TEXT_CHARS * RECENT_CODES :]
        if record.styles:
            state.styles = [
                vocabulary.hear(recent, facet_of(record.styles, facet))
                for vocabulary, recent, facet in zip(said.styles, state.styles, FACETS, strict=True)
            ]

    def _hear_slots(self, state: Suspicion, openers: Vocabulary, record: AccountBucket) -> None:
        """Count what an account asks: preambles, too, unless it takes many in turn; then not those before, either."""
        slots, preamble_of = record.slots, dict(record.preambles)
        if preamble_of or state.preambles:
            told = [preamble_of.get(place, NO_OPENER) for place in range(len(slots))]
            latest = [*codes_of(state.preambles, OPENER_CHARS), *told][-_LATEST_SLOTS:]
            preambles = set(latest) - {NO_OPENER}
            state.preambles = "".join(latest) if preambles else ""
            if len(preambles) >= _MANY_PREAMBLES:
                state.recent = openers.unhear(state.recent, preambles)
                # Those that passed for what is asked may have come in the same bucket.
                slots = [slot for slot in slots if slot not in preambles]
            else:
                slots = [preamble_of.get(place, slot) for place, slot in enumerate(slots)]
        state.recent = openers.hear(state.recent, slots)

    def forget_slots(self, state: Suspicion) -> None:
        """Take back what an account has asked so far."""
        self.of(state.tenant_id).openers.forget(state.recent)
        state.recent = state.preambles = ""

    def move(self, state: Suspicion, tenant_id: str | None) -> None:
        """Move an account, and what it has said, to another tenant."""
        if state.tenant_id != tenant_id:
            self.forget(state)
            state.tenant_id = tenant_id
            self.restore(state)

    def restore(self, state: Suspicion) -> None:
        """Count an account that comes back."""
        said = self.of(state.tenant_id)
        said.openers.restore(state.recent)
        for vocabulary, recent in zip(said.styles, state.styles, strict=True):
            vocabulary.restore(recent)

    def forget(self, state: Suspicion) -> None:
        """Count an account no longer; of a tenant without accounts nothing is kept."""
        said = self.of(state.tenant_id)
        said.openers.forget(state.recent)
        for vocabulary, recent in zip(said.styles, state.styles, strict=True):
            vocabulary.forget(recent)
        if not said.openers.total and not any(vocabulary.total for vocabulary in said.styles):
            del self._said[state.tenant_id]
