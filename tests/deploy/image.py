"""The image under test, built once for a run of the tests."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NAME = "localhost/stillwatch-test"


@dataclass(frozen=True)
class Image:
    """An image in an OCI archive."""

    archive: Path
    tag: str

    @property
    def name(self) -> str:
        """What nodes know it by."""
        return f"{NAME}:{self.tag}"

    @property
    def values(self) -> list[str]:
        """Arguments for helm."""
        return ["--set", f"image.repository={NAME}", "--set-string", f"image.tag={self.tag}"]


def make_bases() -> None:
    """Make the bases of Debian's packages where the image is built on them and they are not there yet."""
    if os.environ.get("BASE", "local") == "local" and "STILLWATCH_TEST_IMAGE" not in os.environ:
        command = [str(REPOSITORY / "docker/build.sh"), "--bases"]
        subprocess.run(command, check=True, capture_output=True, text=True)


def build(folder: Path, tag: str = "a") -> Image:
    """Build the image of the working tree; STILLWATCH_TEST_IMAGE names an archive to use instead, tagged so too."""
    if named := os.environ.get("STILLWATCH_TEST_IMAGE"):
        return Image(Path(named), tag)
    archive = folder / f"{tag}.tar"
    subprocess.run(
        [str(REPOSITORY / "docker/build.sh"), f"{NAME}:{tag}"],
        env={**os.environ, "BASE": os.environ.get("BASE", "local"), "ARCHIVE": str(archive)},
        check=True,
    )
    return Image(archive, tag)
