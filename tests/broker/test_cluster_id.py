"""A cluster's id goes onto a command line."""

from uuid import UUID

import pytest

from broker import cluster


def test_an_id_never_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """62 is spelled ``-``; an id whose first six bits say 62 made ``kafka-storage format`` fail, one start in 64."""
    hyphen, plain = UUID(bytes=bytes([62 << 2, *range(15)])), UUID(bytes=bytes(range(16)))
    drawn = iter([hyphen, hyphen, plain])
    monkeypatch.setattr(cluster.uuid, "uuid4", lambda: next(drawn))

    assert cluster.new_cluster_id() == "AAECAwQFBgcICQoLDA0ODw"


def test_ids_are_random_and_of_kafkas_length() -> None:
    """A hundred ids are a hundred ids."""
    ids = {cluster.new_cluster_id() for _ in range(100)}

    assert len(ids) == 100
    assert {len(spelled) for spelled in ids} == {22}
