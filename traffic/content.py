"""What is asked: a stream's content with its state, of one account or of a whole population."""

from collections import deque
from collections.abc import Iterable
from random import Random
from zlib import crc32

from traffic import prompts
from traffic.prompts import LANGUAGES, Scope
from traffic.random_draws import chance, pick
from traffic.rhythm import DAY_MS
from traffic.scenario import Content
from traffic.wrappers import draw_wrapper

_STRIDES = (7_919, 15_485_863, 32_452_843, 49_979_687, 67_867_967)
_KEPT_IN_ARCHIVE = 2_000
_SHAPES = ("instruction", "instruction", "instruction", "text after", "text first", "ask")
_TRIES = 8
_DEVELOPER_STEPS = ("log", "log", "code", "code", "task")


class ContentState:
    """Scope, wrapper and progress of a content; ``prompt`` gives the next one.

    A list is walked through with a stride that shares no factor with its length, so that its items come scattered
    and, up to the scope's size, without repeats.
    """

    def __init__(self, content: Content, rng: Random, languages: tuple[str, ...]) -> None:
        self.content = content
        self._language = pick(rng, content.languages or languages)
        self._scopes = prompts.scopes(rng, self._language, content.domains, content.tasks)
        self._wrapper = draw_wrapper(rng, content.wrapper, self._scopes[0])
        self._job = pick(rng, LANGUAGES[self._language].jobs)
        self._form = pick(rng, prompts.RECORD_FORMS)
        self._demand = pick(rng, LANGUAGES[self._language].reasoning)
        self._stride = pick(rng, _STRIDES)
        self._sent: set[int] = set()
        self._next = int(rng.random() * 1_000_000)
        self._items = [self._fixed_item(rng) for _ in range(content.items)] if self._has_items else []
        retarget_day = content.retarget_day
        self._retarget_ms = None if retarget_day is None else round(retarget_day * DAY_MS)
        self.archive: deque[str] | None = None

    def keep_archive(self, others: Iterable["ContentState"]) -> None:
        """Share one archive with the account's other streams, from which this content takes what it sends."""
        self.archive = deque(maxlen=_KEPT_IN_ARCHIVE)
        for other in others:
            other.archive = self.archive

    def sent(self, prompt: str) -> None:
        """Note what was sent, where an archive is kept."""
        if self.archive is not None and self.content.source != "archive":
            self.archive.append(prompt)

    @property
    def _has_items(self) -> bool:
        return self.content.source in ("repeated", "tuning", "assignment", "viral")

    def prompt(self, rng: Random, place: int, at_ms: int) -> str | None:
        """Return the next prompt, None if there is nothing to send; ``place`` is the place in the sitting, from 0."""
        if self.content.source == "archive":
            return self.archive.popleft() if self.archive else None
        is_retargeted = self._retarget_ms is not None and at_ms >= self._retarget_ms
        scope = self._scopes[is_retargeted]
        item = self._item(rng, scope, place)
        if self.content.elicits_reasoning:
            item = f"{item}{scope.language.joint}{self._demand}"
        if self.content.sloppiness and chance(rng, self.content.sloppiness):
            item = prompts.sloppy(rng, item)
        return self._wrapper.wrap(rng, item)

    def _item(self, rng: Random, scope: Scope, place: int) -> str:
        match self.content.source:
            case "interests":
                item = _personal(rng, scope, place)
            case "job":
                item = f"{self._job}\n\n{self._document(rng, scope)}"
            case "list":
                item = self._collected(rng, scope)
            case "variations":
                item = self._unsent(scope)
            case "code":
                item = _developer(rng, place)
            case "repeated":
                self._next += 1
                item = self._items[self._next % len(self._items)]
            case _:
                item = self._near(rng, scope, pick(rng, self._items))
        return item

    def _collected(self, rng: Random, scope: Scope) -> str:
        """Return the list's next item: mostly an instruction, also with a text before or after it, also a bare ask."""
        shape = pick(rng, _SHAPES)
        if shape == "ask":
            return prompts.ask(rng, scope)
        item = self._unsent(scope)
        if shape == "instruction":
            return item
        text = self._document(rng, scope)
        return f"{text}\n\n{item}" if shape == "text first" else f"{item}\n\n{text}"

    def _unsent(self, scope: Scope) -> str:
        """Return the list's next instruction; tasks that leave a slot out repeat themselves, which is passed over."""
        for _ in range(_TRIES):
            self._next += self._stride
            item = prompts.instruction(scope, self._next % scope.size)
            if crc32(item.encode()) not in self._sent:
                break
        self._sent.add(crc32(item.encode()))
        return item

    def _near(self, rng: Random, scope: Scope, item: str) -> str:
        """Return a fixed item the way different people pass it on."""
        if self.content.source == "tuning" or chance(rng, 0.5):
            return item
        if chance(rng, 0.5):
            return prompts.sloppy(rng, item)
        return scope.language.joint.join((item, prompts.filled(rng, pick(rng, scope.language.follow_ups), scope)))

    def _fixed_item(self, rng: Random) -> str:
        scope = self._scopes[0]
        if self.content.document == "code":
            return f"{prompts.snippet(rng)}\n\n{prompts.code_task(rng)}"
        task = prompts.drawn_instruction(rng, scope)
        if self.content.source == "viral":
            return f"{task}\n\n{prompts.document(rng, scope, 3)}"
        return f"{prompts.record(rng, scope, self._form, 2)}\n\n{task}" if chance(rng, 0.6) else task

    def _document(self, rng: Random, scope: Scope) -> str:
        if self.content.document == "log":
            return prompts.log_lines(rng, self.content.sentences)
        if self.content.document == "code":
            return prompts.snippet(rng)
        return prompts.record(rng, scope, self._form, 1 + int(rng.random() * 2 * self.content.sentences))


def _personal(rng: Random, scope: Scope, place: int) -> str:
    if place and chance(rng, 0.65):
        return prompts.follow_up(rng, scope)
    if chance(rng, 0.2):
        return prompts.drawn_instruction(rng, scope)
    return prompts.ask(rng, scope)


def _developer(rng: Random, place: int) -> str:
    if place == 0:
        return prompts.code_task(rng)
    kind = pick(rng, _DEVELOPER_STEPS)
    if kind == "log":
        return prompts.log_lines(rng, 2 + int(rng.random() * 4))
    return prompts.snippet(rng) if kind == "code" else prompts.code_task(rng)
