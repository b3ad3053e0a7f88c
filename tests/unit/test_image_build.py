"""docker/build.sh takes the builder that is there, with arguments that make the same image."""

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NEEDED = ("bash", "dirname", "mkdir", "sed")
STUB = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'


def calls(
    folder: Path, *builders: str, machine: str = "x86_64", has_history: bool = True, **environment: str
) -> list[str]:
    """Run the script in a folder of its own where only these builders are there, and return what it called."""
    tools = folder / "tools"
    tools.mkdir()
    for name in (*NEEDED, "basename"):
        (tools / name).symlink_to(shutil.which(name) or name)
    (folder / "docker").mkdir()
    shutil.copy(REPOSITORY / "docker/build.sh", folder / "docker")
    (folder / "pyproject.toml").write_text('version = "1.2.3"\n')
    (tools / "uname").write_text(f"#!/bin/sh\necho {machine}\n")
    (tools / "uname").chmod(0o755)
    for stub in (*(tools / name for name in (*["git"] * has_history, *builders)), folder / ".venv/bin/python"):
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(STUB)
        stub.chmod(0o755)
    log = folder / "calls"
    log.touch()
    environment |= {"PATH": str(tools), "CALLS": str(log)}
    done = subprocess.run(
        [folder / "docker/build.sh", "a:b"], env=environment, capture_output=True, text=True, check=False
    )
    made = [line for line in log.read_text().splitlines() if line.split()[0] in builders]
    return [*made, *done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("builders", "build", "archived"),
    [
        (("docker",), "docker build --file", "docker save --output x.tar a:b"),
        (("podman", "docker"), "podman build --quiet", "podman save --quiet --format oci-archive --output x.tar a:b"),
        (("buildah", "podman"), "buildah bud --quiet", "buildah push --quiet --format oci a:b oci-archive:x.tar:a:b"),
    ],
)
def test_the_first_builder_that_is_there_builds(
    tmp_path: Path, builders: tuple[str, ...], build: str, archived: str
) -> None:
    """Of buildah, podman and docker, in this order; an archive is written by the one that built."""
    built, saved = calls(tmp_path, *builders, ARCHIVE="x.tar")

    assert built.startswith(build)
    assert "--tag a:b --build-arg VERSION=1.2.3" in built
    assert saved == archived


def test_sources_without_their_history_are_built_too(tmp_path: Path) -> None:
    """As from an archive, on a machine without git: the image says that its revision is unknown, and no more."""
    [built] = calls(tmp_path, "docker", has_history=False)

    assert "--build-arg REVISION=unknown" in built


def test_a_machine_without_wheels_is_refused(tmp_path: Path) -> None:
    """One line that says why, instead of a build that finds no package for this machine."""
    [line] = calls(tmp_path, "docker", machine="aarch64")

    assert "this is aarch64, and the image is for x86_64" in line


def test_without_a_builder_the_script_names_all(tmp_path: Path) -> None:
    """One line that says what it could have used."""
    [line] = calls(tmp_path)

    assert line.endswith("needs buildah, podman or docker")


def test_bases_of_packages_are_built_upon_by_what_has_them(tmp_path: Path) -> None:
    """The local bases lie in podman's store, where docker would not find them."""
    *_, built = calls(tmp_path, "podman", "docker", BASE="local")

    assert built.startswith("podman build")
    assert "--build-arg BASE=localhost/stillwatch-base:build" in built
