"""Answers: whether an account collects several answers to each of its prompts.

People ask again now and then, and jobs ask a few prompts for ever: what they repeat is no request of its own. Who
distils a model may sample several answers to each prompt and keep the best (rejection sampling: Yuan et al. 2023,
arXiv 2308.01825). Then most of the latest prompts were answered more than once. What is asked again because it got no
answer is a retry, whoever makes it. A list that is gone through again as a whole is not told from a job: but for its
latest prompts it is repeated, or new when it is a long one.
"""

import msgspec

_LEAST_PROMPTS = 4
_COLLECTED_RATIO = 0.6
"""Share of the latest prompts that were answered again, from which on repeats are answers collected."""
_MOST_ANSWERS = 8
"""Answers of a prompt that count: whoever asks once more watches it."""
_LATEST_PROMPTS = 16
_LATER_TURN = "-"


class Answers(msgspec.Struct, array_like=True):
    """How many answers each of the latest prompts got, a digit each; a dash for what went on with a conversation."""

    counts: str = ""

    def count_new(self, *, is_answered: bool, is_later_turn: bool) -> None:
        """Count a prompt that is asked for the first time."""
        count = _LATER_TURN if is_later_turn else "1" if is_answered else "0"
        self.counts = (self.counts + count)[-_LATEST_PROMPTS:]

    def count_again(self, prompts_ago: int) -> bool:
        """Count one more answer to a prompt that was new so many prompts ago, 1 being the latest.

        Returns whether the account collects answers, and this is another one.
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
