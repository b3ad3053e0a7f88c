"""The grammar of prompts: instructions, casual asks, documents, code and logs in five languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from traffic.random_draws import chance, pick
from traffic.words.chinese import CHINESE
from traffic.words.english import ENGLISH
from traffic.words.french import FRENCH
from traffic.words.german import GERMAN
from traffic.words.language import Language
from traffic.words.spanish import SPANISH

LANGUAGES = {language.code: language for language in (ENGLISH, GERMAN, SPANISH, FRENCH, CHINESE)}

_KNOWN = 5
_SHORTEST_WITH_SLIPS = 12
_SYLLABLES = ("ka", "lo", "ven", "tri", "mo", "sel", "dur", "ani", "bex", "fo", "rin", "ul", "pa", "zem", "cor", "ith")
_FUNCTIONS = ("load", "merge", "parse", "retry", "render", "collect", "prune", "encode", "resolve", "schedule")
_OBJECTS = ("batch", "ledger", "route", "token", "window", "chart", "badge", "queue", "shard", "invoice", "payload")
_MODULES = ("billing", "ingest", "portal", "planner", "inventory", "search", "mailer", "gateway", "metrics", "auth")
_CODE_TASKS = (
    "Fix the failing test in {m}/{o}.py, the {f}_{o} call returns None",
    "Add a timeout of {n} s to {f}_{o} in the {m} module",
    "Refactor {f}_{o}: too long, and {m} imports it twice",
    "Why does {f}_{o} raise KeyError when the {o} is empty?",
    "Write a unit test for {f}_{o} with {n} cases",
    "Port {f}_{o} from {m} to async",
    "Review this change to {m}/{o}.py",
    "{f}_{o}: still fails with {n} rows",
    "{m}/{o}.py: split it, {f} belongs to {g}",
    "{O}{n} is null after {f}(), and {m} logs nothing",
)
_SNIPPETS = (
    "def {f}_{o}({p}, limit={n}):\n    rows = [r for r in {p} if r.{q} > limit]\n    return {g}({q}=rows)",
    "export function {f}{O}({p}) {{\n  const {q} = {p}.slice(0, {n});\n  return {g}({q}).filter(Boolean);\n}}",
    "SELECT {q}, COUNT(*) FROM {m}_{o} WHERE {p} > {n} GROUP BY {q} ORDER BY 2 DESC;",
    "fn {f}_{o}({p}: &[u32]) -> u32 {{\n    {p}.iter().skip({n}).map(|{q}| {q} + 1).sum()\n}}",
    'for {q} in $({g} --{p} {n}); do\n  {f} "${q}" >> {m}.log\ndone',
)
_ABOUT = ("itself", "itself", "a sentence", "a sentence", "a text")
_HEADLINES = (
    "{new} {thing}",
    "{new}: {thing}, {place}",
    "{place} {number}",
    "{new} & {other}",
    "{thing} {new} ({number})",
    "{number} {new}",
)
_HEADLINE_SHARE = 0.7
RECORD_FORMS = (
    "{text}",
    "{text}",
    "#{number} | {place} | {text}",
    "id: {number}\nnote: {text}",
    "2025-11-{day:02d} {name}: {text}",
    '<item code="{number}">{text}</item>',
    "Re: {thing} {number}\n{text}",
    "{name}, {place}\n\n{text}",
    '{{"ref": {number}, "body": "{text}"}}',
)
_LOG_LINES = (
    "{h}:{k}:{s} WARN {m}.{o} {f} took {n} ms, {p}={q}",
    "{h}:{k}:{s} ERROR {m}: cannot {f} {o} #{n} ({p} missing)",
    "{h}:{k}:{s} INFO {m} {f} ok {o}={n}",
    'level=error svc={m} op={f}_{o} attempt={k} msg="connection reset" {p}={n}',
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the grammar that an account or a campaign uses: one language, some subjects and tasks, own names."""

    language: Language
    subjects: tuple[str, ...]
    tasks: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of different instructions in the scope."""
        return len(self.tasks) * len(self.subjects) * len(self.language.aspects) * len(self.language.audiences)


def scope(rng: Random, language: str, domains: int, tasks: int | None = None) -> Scope:
    """Draw a scope of some domains (and some tasks; all without a number) of a language."""
    spoken = LANGUAGES[language]
    return _scope(rng, spoken, rng.sample(spoken.domains, min(domains, len(spoken.domains))), tasks)


def scopes(rng: Random, language: str, domains: int, tasks: int | None = None) -> tuple[Scope, Scope]:
    """Draw two scopes that share as few domains as their sizes allow."""
    spoken = LANGUAGES[language]
    order = rng.sample(spoken.domains, len(spoken.domains))
    return _scope(rng, spoken, order[:domains], tasks), _scope(rng, spoken, order[-domains:], tasks)


def _scope(rng: Random, spoken: Language, domains: Sequence[tuple[str, ...]], tasks: int | None) -> Scope:
    kinds = spoken.tasks if tasks is None else tuple(rng.sample(spoken.tasks, min(tasks, len(spoken.tasks))))
    return Scope(
        spoken,
        tuple(subject for domain in domains for subject in domain),
        kinds,
        people=(*rng.sample(spoken.people, _KNOWN), invented_name(rng), invented_name(rng)),
        places=(*rng.sample(spoken.places, _KNOWN), invented_name(rng)),
        things=(*rng.sample(spoken.things, _KNOWN + 1), invented_name(rng)),
    )


def invented_name(rng: Random) -> str:
    """Make a name up: of a person, a firm, a product that only few people talk about."""
    return "".join(pick(rng, _SYLLABLES) for _ in range(2 + int(rng.random() * 2))).title()


def instruction(where: Scope, index: int) -> str:
    """Return the instruction with this number; numbers below the scope's size give different instructions."""
    spoken = where.language
    rest, task = divmod(index, len(where.tasks))
    rest, subject = divmod(rest, len(where.subjects))
    rest, aspect = divmod(rest, len(spoken.aspects))
    rest, audience = divmod(rest, len(spoken.audiences))
    number = 2 + (index * 7 + rest) % 11
    return where.tasks[task].format(
        s=where.subjects[subject], a=spoken.aspects[aspect], u=spoken.audiences[audience], n=number
    )


def drawn_instruction(rng: Random, where: Scope) -> str:
    """Draw an instruction at random."""
    return instruction(where, int(rng.random() * where.size))


def filled(rng: Random, template: str, where: Scope) -> str:
    """Fill a template's slots at random."""
    spoken = where.language
    return template.format(
        s=pick(rng, where.subjects), a=pick(rng, spoken.aspects), p=pick(rng, where.people),
        l=pick(rng, where.places), t=pick(rng, where.things), v=pick(rng, spoken.happenings),
        n=2 + int(rng.random() * 18),
    )  # fmt: skip


def ask(rng: Random, where: Scope) -> str:
    """Draw what a person would type, mostly about one's own matters, sometimes with the text it is about."""
    text = filled(rng, pick(rng, where.language.asks), where)
    about = pick(rng, _ABOUT)
    if about == "itself":
        return text
    if about == "a sentence":
        return where.language.joint.join((sentence(rng, where), text))
    return f"{text}\n\n{document(rng, where, 1 + int(rng.random() * 3))}"


def follow_up(rng: Random, where: Scope) -> str:
    """Draw the next thing said in a conversation."""
    text = filled(rng, pick(rng, where.language.follow_ups), where)
    if chance(rng, 0.5):
        return text
    return where.language.joint.join((text, sentence(rng, where)))


def sentence(rng: Random, where: Scope) -> str:
    """Draw a sentence, half of the time with something before it."""
    text = filled(rng, pick(rng, where.language.sentences), where)
    return where.language.joint.join((pick(rng, where.language.lead_ins), text)) if chance(rng, 0.5) else text


def document(rng: Random, where: Scope, sentences: int) -> str:
    """Draw a text of so many sentences."""
    return where.language.joint.join([sentence(rng, where) for _ in range(sentences)])


def record(rng: Random, where: Scope, form: str, sentences: int) -> str:
    """Draw a text in one of the ``RECORD_FORMS`` that programs hand over; most have a headline of their own."""
    text = document(rng, where, sentences)
    if chance(rng, _HEADLINE_SHARE):
        text = f"{headline(rng, where)}\n{text}"
    return form.format(
        text=text, number=10_000 + int(rng.random() * 90_000), name=pick(rng, where.people),
        place=pick(rng, where.places), thing=pick(rng, where.things), day=1 + int(rng.random() * 28),
    )  # fmt: skip


def headline(rng: Random, where: Scope) -> str:
    """Draw a headline, nearly always one that nobody else has."""
    return pick(rng, _HEADLINES).format(
        new=invented_name(rng), other=invented_name(rng), thing=pick(rng, where.things), place=pick(rng, where.places),
        number=100 + int(rng.random() * 9_900),
    )  # fmt: skip


def snippet(rng: Random) -> str:
    """Draw a piece of code."""
    return _code(rng, pick(rng, _SNIPPETS))


def code_task(rng: Random) -> str:
    """Draw what a developer asks of an assistant, with the code it is about."""
    return f"{_code(rng, pick(rng, _CODE_TASKS))}\n\n{snippet(rng)}"


def log_lines(rng: Random, lines: int) -> str:
    """Draw an excerpt of a log."""
    return "\n".join([_code(rng, pick(rng, _LOG_LINES)) for _ in range(lines)])


def _code(rng: Random, template: str) -> str:
    thing = pick(rng, _OBJECTS)
    return template.format(
        f=pick(rng, _FUNCTIONS), o=thing, O=thing.title(), m=pick(rng, _MODULES), g=pick(rng, _FUNCTIONS),
        p=pick(rng, _OBJECTS), q=pick(rng, _OBJECTS), n=int(rng.random() * 900), h=int(rng.random() * 24),
        k=int(rng.random() * 60), s=int(rng.random() * 60),
    )  # fmt: skip


def sloppy(rng: Random, text: str) -> str:
    """Write a text the way people in a hurry do: lower case, swapped letters, no full stop."""
    text = text.lower().rstrip(".")
    if len(text) > _SHORTEST_WITH_SLIPS and chance(rng, 0.6):
        place = 1 + int(rng.random() * (len(text) - 3))
        text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text


def examples(rng: Random, where: Scope, count: int) -> str:
    """Draw worked examples to put before a task."""
    shown: Sequence[str] = [
        where.language.example.format(n=number + 1, q=drawn_instruction(rng, where), r=sentence(rng, where))
        for number in range(count)
    ]
    return "\n\n".join(shown)
