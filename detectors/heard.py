"""What the accounts of each tenant have lately asked, and in what style.

For each tenant there is a vocabulary of openers and one for each facet of style. They are kept by tenant because what
is usual must be told from a tenant's own accounts: that another tenant's users do not ask something makes nobody alike
here.
"""

from detectors.exchange import TEXT_CHARS
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.style import FACET_CHARS, FACETS, facet_of
from detectors.suspicion import Suspicion
from detectors.vocabulary import RECENT_CODES, Vocabulary
from schemas.account_bucket import AccountBucket


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
        state.recent = said.openers.hear(state.recent, record.slots)
        state.texts = (state.texts + record.texts)[-TEXT_CHARS * RECENT_CODES :]
        if record.styles:
            state.styles = [
                vocabulary.hear(recent, facet_of(record.styles, facet))
                for vocabulary, recent, facet in zip(said.styles, state.styles, FACETS, strict=True)
            ]

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
