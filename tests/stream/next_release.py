"""The release after this one: a copy of the sources with a higher version and other layouts of state."""

import re
import shutil
from pathlib import Path

from detectors.detector import AccountSnapshot

REPOSITORY = Path(__file__).parents[2]
VERSION = "99.0.0"
STATE_VERSION = 2

_STEP = f"""
def _step(kind: str, value: Any) -> Any:
    if kind == "AccountSnapshot":
        return dict(zip({AccountSnapshot.__struct_fields__}, value, strict=True))
    if kind == "UsageRecord":
        value["read"] = value.pop("origins")
    if kind == "LinksRecord":
        value["since_ms"] = value.pop("first_ms")
    return value


UPGRADES[1] = _step
"""
_CHANGES = {
    "detectors/detector.py": (r"(class AccountSnapshot\(msgspec\.Struct), array_like=True", r"\1"),
    "streams/accounts.py": (r"^(    origins: dict\[int, int\])$", r'\1 = msgspec.field(name="read")'),
    "streams/campaigns.py": (r"^(    first_ms: int \| None)$", r'\1 = msgspec.field(name="since_ms")'),
}
"""By file: what is written otherwise. No release can read these layouts for each other's."""


def make_next_release(folder: Path, *, reads_previous: bool) -> dict[str, str]:
    """Make the release in a folder; returns the environment in which its command runs.

    Without ``reads_previous`` it has no step from the state of the present release.
    """
    for package in ("schemas", "detectors", "streams", "traffic"):
        shutil.copytree(REPOSITORY / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (before, after) in _CHANGES.items():
        _replace(folder / name, before, after)
    snapshot = folder / "detectors/snapshot.py"
    _replace(snapshot, r"^STATE_VERSION = 1$", f"STATE_VERSION = {STATE_VERSION}")
    if reads_previous:
        snapshot.write_text(snapshot.read_text() + _STEP)
    papers = folder / f"stillwatch-{VERSION}.dist-info"
    papers.mkdir()
    (papers / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stillwatch\nVersion: {VERSION}\n")
    # Safe: the working directory, which has the present release, must not come first.
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def _replace(path: Path, before: str, after: str) -> None:
    text, count = re.subn(before, after, path.read_text(), flags=re.MULTILINE)
    assert count == 1, f"{path.name}: {before} is there {count} times"
    path.write_text(text)
