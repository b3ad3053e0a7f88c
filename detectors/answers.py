"""Answers: whether an account collects several answers to each of its prompts.

People ask again now and then, and jobs ask a few prompts for ever: what they repeat is no request of its own. Who
distils a model may sample several answers to each prompt and keep the best (rejection sampling: Yuan et al. 2023,
arXiv 2308.01825). Then most prompts are asked again soon, and new ones keep coming. A list that is gone through again
as a whole is not told from a job: but for its latest prompts it is repeated, or new when it is a long one.
"""

import msgspec

_LEAST_PROMPTS = 4
_COLLECTED_RATIO = 0.6
"""Share of the prompts that are asked again, from which on repeats are answers collected."""
_MOST_ANSWERS = 8
"""Times that a prompt counts: whoever asks one more often watches it."""
_SOON_PROMPTS = 16
"""New prompts after which a repeat is none of several answers."""
_HALVE_AFTER = 16


class Answers(msgspec.Struct, array_like=True):
    """New prompts of late, those of them that were asked again, and how often each of the latest was, a digit each."""

    prompts: int = 0
    repeated: int = 0
    times: str = ""

    def count_new(self) -> None:
        """Count a prompt that is asked for the first time."""
        self.times = (self.times + "1")[-_SOON_PROMPTS:]
        self.prompts += 1
        if self.prompts >= _HALVE_AFTER:
            self.prompts //= 2
            self.repeated //= 2

    def count_again(self, prompts_ago: int) -> bool:
        """Count a prompt that was new so many prompts ago, the latest being 1; whether it collects another answer."""
        place = len(self.times) - prompts_ago
        if place < 0 or int(self.times[place]) >= _MOST_ANSWERS:
            return False
        times = int(self.times[place]) + 1
        self.times = f"{self.times[:place]}{times}{self.times[place + 1 :]}"
        self.repeated += times == 2  # noqa: PLR2004
        return self.prompts >= _LEAST_PROMPTS and self.repeated >= _COLLECTED_RATIO * self.prompts
