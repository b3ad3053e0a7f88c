"""Answers: whether an account collects several answers to each of its prompts.

Whoever distils a model may sample several answers to each prompt and keep the best (rejection sampling: Yuan et al.
2023, arXiv 2308.01825). Then most of the account's latest prompts were answered more than once. People ask again only
now and then, and jobs ask the same few prompts for ever; what they repeat is no request of its own. A prompt that is
asked again because it got no answer is a retry, whoever makes it.

It does not see a list that is gone through again as a whole. A short one looks like a job that repeats itself, and of a
long one all but the latest prompts are forgotten, so they look new.
"""

import msgspec

_LEAST_PROMPTS = 4
_COLLECTED_RATIO = 0.6
"""Share of the latest prompts that were answered again, from which on repeats are answers collected."""
_MOST_ANSWERS = 8
"""Answers to one prompt that count; whoever asks more often watches the prompt, as monitors do."""
_LATEST_PROMPTS = 16
_LATER_TURN = "-"


class Answers(msgspec.Struct, array_like=True):
    """Answers that each of the latest prompts got: one digit per prompt, a dash for a later turn of a conversation."""

    counts: str = ""

    def count_new(self, *, is_answered: bool, is_later_turn: bool) -> None:
        """Count a prompt that is asked for the first time."""
        count = _LATER_TURN if is_later_turn else "1" if is_answered else "0"
        self.counts = (self.counts + count)[-_LATEST_PROMPTS:]

    def count_again(self, prompts_ago: int) -> bool:
        """Count one more answer to a prompt that was new so many prompts ago, 1 being the latest.

        Returns whether this is another answer of an account that collects answers.
        """
        place = len(self.counts) - prompts_ago
        if place < 0 or self.counts[place] == _LATER_TURN or int(self.counts[place]) >= _MOST_ANSWERS:
            return False
        answers = int(self.counts[place]) + 1
        self.counts = f"{self.counts[:place]}{answers}{self.counts[place + 1 :]}"
        return answers > 1 and self._is_collecting()

    def _is_collecting(self) -> bool:
        prompts = len(self.counts) - self.counts.count(_LATER_TURN)
        again = prompts - self.counts.count("0") - self.counts.count("1")
        return prompts >= _LEAST_PROMPTS and again >= _COLLECTED_RATIO * prompts
