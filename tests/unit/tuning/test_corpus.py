"""Reading a labelled corpus once, and judging it as the service would."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

import tuning.corpus
from streams.event_files import EventFiles
from streams.replay import Replay
from streams.settings import Settings
from tests.unit.tuning.samples import EAGER, write_corpus
from tuning import hard_cases
from tuning.corpus import Corpus, read_corpus, sources
from tuning.judging import judged

ROOT = Path(tuning.corpus.__file__).parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    return folder


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    """What the accounts stage makes of it."""
    return read_corpus(folder)


def test_alerts_are_those_of_a_replay(folder: Path, corpus: Corpus) -> None:
    """What is measured is what ``stillwatch replay`` gives: the same publications, field by field."""
    lines = EventFiles([folder / "events.jsonl.gz"]).lines()
    replayed = list(Replay(Settings(), EAGER).alerts(lines))

    assert replayed
    assert judged(corpus, EAGER) == replayed


def test_labels_are_read_with_the_events(folder: Path, corpus: Corpus) -> None:
    """Every exchange of a campaign and every day of an honest account is counted, and nothing else."""
    simulation = write_corpus(folder / "again")
    truth = corpus.truth
    campaign_ids = Counter(simulation.attack_events.values())

    assert {campaign_id: len(found) for campaign_id, found in truth.exchanges.items()} == campaign_ids
    assert set(truth.kinds.values()) == {"casual_chat"}
    assert truth.honest_days.keys() <= truth.kinds.keys()
    assert all(1 <= days <= 5 for days in truth.honest_days.values())
    [campaign] = truth.campaigns.values()
    assert campaign.family == "no_ramp"


def test_a_field_that_is_left_out_is_not_seen(folder: Path, corpus: Corpus) -> None:
    """Without prompts no exchange has a slot, and every event is still there."""
    blind = read_corpus(folder, frozenset(("prompt", "prompt_fingerprint")))

    assert any(record.slots for record in corpus.buckets)
    assert not any(record.slots for record in blind.buckets)
    assert sum(r.events for r in blind.buckets) == sum(r.events for r in corpus.buckets)


def test_the_cache_holds_what_was_read_and_no_other(folder: Path, corpus: Corpus, tmp_path: Path) -> None:
    """A second run reads the same from the cache; other fields and another corpus are read anew."""
    cache = tmp_path / "cache"
    write_corpus(tmp_path / "other", days=2)

    assert read_corpus(folder, cache=cache) == read_corpus(folder, cache=cache) == corpus
    assert read_corpus(folder, frozenset(("client_ip",)), cache) != corpus
    assert read_corpus(tmp_path / "other", cache=cache).watermark_ms != corpus.watermark_ms


def test_the_cache_is_of_all_sources_that_make_records() -> None:
    """Every module of ours that reading a corpus loads is among them: none can change and an old cache still count."""
    loaded = (
        "import sys, tuning.corpus; "
        "print(*(path for module in sys.modules.values() if (path := getattr(module, '__file__', None))), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    folders = {ROOT / name for name in ("detectors", "schemas", "streams", "traffic", "tuning")}
    ours = {path for path in map(Path, done.stdout.splitlines()) if folders & set(path.parents)}

    assert len(ours) > 20
    assert ours <= set(sources())
    assert ROOT / "detectors" / "default.yaml" in sources()


def test_a_cache_of_other_sources_does_not_count(
    folder: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a source changes, the corpus is read anew and not taken from the cache."""
    source = tmp_path / "source.py"
    source.write_text("before")
    monkeypatch.setattr(tuning.corpus, "sources", lambda: [source])
    read_corpus(folder, cache=tmp_path / "cache")
    monkeypatch.setattr(tuning.corpus, "_read", lambda *_: Corpus(corpus.truth, [], 0))

    assert read_corpus(folder, cache=tmp_path / "cache") == corpus
    source.write_text("after")
    assert read_corpus(folder, cache=tmp_path / "cache").buckets == []


def test_the_environment_changes_no_record(folder: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of a service that runs on the same machine are none of a measurement's."""
    monkeypatch.setenv("STILLWATCH_FINGERPRINT_KEY", "another-key-of-32-bytes-at-least")
    monkeypatch.setenv("STILLWATCH_DISORDER_SECONDS", "7200")
    monkeypatch.setenv("STILLWATCH_SPEC_FILE", "/nowhere.yaml")

    assert read_corpus(folder) == corpus


@pytest.mark.parametrize("name", ["accounts.jsonl", "campaigns.jsonl", "attack_events.csv.gz", "events.jsonl.gz"])
@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_folder_that_is_no_corpus_is_refused(folder: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    """What is missing or damaged is told in one line."""
    for path in filter(Path.is_file, folder.iterdir()):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = CliRunner().invoke(hard_cases.main, [str(tmp_path)])

    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {tmp_path}")
    assert len(done.stderr.splitlines()) == 1
