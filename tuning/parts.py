"""The same detectors on parts of a corpus: what holds for the whole only by luck of its mixture does not hold for them.

Each half of the honest accounts beside all campaigns, and all honest accounts beside each third of the campaigns of
every family, and beside none. Run as ``python -m tuning.parts CORPUS``; writes docs/figures/parts.csv.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import click
import msgspec

from detectors.spec import load_spec
from tuning.corpus import Corpus, Truth, corpus_options, read_corpus
from tuning.figures import markdown, write_table
from tuning.judging import judged
from tuning.scores import Score, scored

_HALVES, _THIRDS = 2, 3


def part_of(corpus: Corpus, honest: set[str], campaigns: set[str]) -> Corpus:
    """Return the corpus with some of its honest accounts and some of its campaigns, whole accounts each."""
    known = corpus.truth
    truth = Truth(
        {account_id: kind for account_id, kind in known.kinds.items() if account_id in honest},
        {name: campaign for name, campaign in known.campaigns.items() if name in campaigns},
        {name: exchanges for name, exchanges in known.exchanges.items() if name in campaigns},
        {account_id: days for account_id, days in known.honest_days.items() if account_id in honest},
    )
    kept = honest | {account_id for exchanges in truth.exchanges.values() for _, account_id in exchanges}
    buckets = [bucket for bucket in corpus.buckets if bucket.account_id in kept]
    return msgspec.structs.replace(corpus, truth=truth, buckets=buckets)


def parts(corpus: Corpus) -> Iterator[tuple[str, Corpus]]:
    """Yield the parts by name, the whole first."""
    honest, campaigns = set(corpus.truth.kinds), set(corpus.truth.campaigns)
    yield "everything", corpus
    for half in range(_HALVES):
        own = {account_id for account_id in honest if crc32(account_id.encode()) % _HALVES == half}
        yield f"half {half + 1} of the honest accounts", part_of(corpus, own, campaigns)
    for third, own in enumerate(_thirds(corpus.truth)):
        yield f"third {third + 1} of the campaigns", part_of(corpus, honest, own)
    yield "no campaign", part_of(corpus, honest, set())


def _thirds(truth: Truth) -> list[set[str]]:
    """Campaigns in three parts, those of each family dealt out in turn."""
    by_family: dict[str, list[str]] = defaultdict(list)
    for name in sorted(truth.campaigns):
        by_family[truth.campaigns[name].family].append(name)
    return [{name for own in by_family.values() for name in own[third::_THIRDS]} for third in range(_THIRDS)]


def row_of(part: str, corpus: Corpus, score: Score) -> dict[str, Any]:
    """Return what was found in a part; the interval is 95 %."""
    low, high = score.false_interval
    return {
        "part": part,
        "honest": len(corpus.truth.kinds),
        "campaigns": len(corpus.truth.campaigns),
        "leaked": f"{score.macro:.1%}" if score.leaked else "",
        "found": f"{len(score.found)}" if score.leaked else "",
        "named_alone": len(score.alone),
        "named_as_members": len(score.as_members),
        "groups": len(score.groups),
        "false": f"{score.false_per_1000:.2f} ({low:.2f} to {high:.2f})",
    }


def judged_row(name: str, corpus: Corpus) -> dict[str, Any]:
    """Judge a corpus at the default, show what was found and return it, with what leaked by family."""
    score = scored(corpus.truth, judged(corpus, load_spec(None)))
    row = row_of(name, corpus, score) | {family: f"{leaked:.1%}" for family, leaked in score.by_family.items()}
    click.echo(markdown([row]))
    return row


@click.command()
@corpus_options
def main(folder: Path, cache: Path | None) -> None:
    """Show what is found in parts of a labelled corpus."""
    spec = load_spec(None)
    rows = []
    for name, part in parts(read_corpus(folder, cache=cache)):
        rows.append(row_of(name, part, scored(part.truth, judged(part, spec))))
        click.echo(markdown(rows[-1:]))
    click.echo(write_table("parts", rows))
    click.echo(f"\n{markdown(rows)}")


if __name__ == "__main__":
    main()
