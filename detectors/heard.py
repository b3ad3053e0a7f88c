"""What all accounts have lately asked, and in what style: a vocabulary of openers, and one for each facet of style."""

from detectors.fingerprint_layout import OPENER_CHARS
from detectors.style import FACET_CHARS, FACETS, facet_of
from detectors.suspicion import Suspicion
from detectors.vocabulary import Vocabulary
from schemas.account_bucket import AccountBucket


class Heard:
    """The vocabularies, and the recent codes of an account in its state."""

    def __init__(self) -> None:
        self.openers = Vocabulary(OPENER_CHARS)
        self.styles = [Vocabulary(chars) for chars in FACET_CHARS]

    def hear(self, state: Suspicion, record: AccountBucket) -> None:
        """Count what an account sent in a bucket, and keep the latest of it in its state."""
        state.recent = self.openers.hear(state.recent, record.slots)
        if record.styles:
            state.styles = [
                vocabulary.hear(recent, facet_of(record.styles, facet))
                for vocabulary, recent, facet in zip(self.styles, state.styles, FACETS, strict=True)
            ]

    def restore(self, state: Suspicion) -> None:
        """Count an account that comes back."""
        self.openers.restore(state.recent)
        for vocabulary, recent in zip(self.styles, state.styles, strict=True):
            vocabulary.restore(recent)

    def forget(self, state: Suspicion) -> None:
        """Count an account no longer."""
        self.openers.forget(state.recent)
        for vocabulary, recent in zip(self.styles, state.styles, strict=True):
            vocabulary.forget(recent)
