"""What snapshots hold, written down: it does not change without a new version of the state."""

from pathlib import Path
from typing import Any

import msgspec
import river
from msgspec.inspect import StructType, Type, type_info

from detectors import campaign_state, detector
from detectors.snapshot import STATE_VERSION
from streams import accounts, campaigns

WRITTEN = Path(__file__).with_name("state_layout.txt")
DECODERS: list[msgspec.msgpack.Decoder[Any]] = [
    value
    for module in (detector, campaign_state, accounts, campaigns)
    for value in vars(module).values()
    if isinstance(value, msgspec.msgpack.Decoder)
]


def layout() -> str:
    """Every type in a snapshot, as array or map with its fields in order, and the River whose models are in it."""
    structs: dict[str, str] = {}
    tops = sorted({_name(type_info(decoder.type), structs) for decoder in DECODERS})
    versions = [f"version {STATE_VERSION}", f"river {river.__version__}"]
    return "\n".join([*versions, *tops, *sorted(structs.values())]) + "\n"


def _name(of: Type, structs: dict[str, str]) -> str:
    """How a type is written; adds the structs in it to ``structs``."""
    if isinstance(of, StructType):
        name = of.cls.__name__
        if name not in structs:
            structs[name] = ""
            fields = [f"  {field.encode_name}: {_name(field.type, structs)}" for field in of.fields]
            structs[name] = "\n".join([f"{name} as {'array' if of.array_like else 'map'}", *fields])
        return name
    inner = [getattr(of, part) for part in ("item_type", "key_type", "value_type") if hasattr(of, part)]
    inner += [*getattr(of, "item_types", ()), *getattr(of, "types", ())]
    kind = type(of).__name__.removesuffix("Type").lower()
    return f"{kind}[{', '.join(_name(part, structs) for part in inner)}]" if inner else kind


def test_what_snapshots_hold_changes_only_with_a_new_version() -> None:
    """An older release would read a changed layout wrongly or drop a part of it, so it must be able to refuse it."""
    assert layout() == WRITTEN.read_text(), (
        "what snapshots hold has changed: raise STATE_VERSION in detectors/snapshot.py, add the step from the version "
        "before to UPGRADES there (or say under State in CHANGELOG.md that it is not read), then write it down: "
        "python -m tests.unit.streams.test_state_layout. A version that was never released may keep its number."
    )


def test_every_kind_of_record_is_looked_at() -> None:
    """The layout above has the records of accounts, of campaigns, and of the partitions of both."""
    kinds = {line.split(" as ")[0] for line in layout().splitlines() if " as " in line}

    assert {"AccountSnapshot", "Meta", "Case", "Group", "AccountBucket", "UsageRecord", "LinksRecord"} <= kinds


if __name__ == "__main__":
    WRITTEN.write_text(layout())
