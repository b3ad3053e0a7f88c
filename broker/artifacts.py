"""What Kafka consists of: jars from Maven, fetched once into a folder and checked against recorded hashes."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
KAFKA_VERSION = POM.read_text().partition("<kafka.version>")[2].partition("<")[0]
HASHES = HERE / "jars.sha256"
MINIMUM_JAVA = 17
INSTALL_HINT = "on Debian or Ubuntu: apt-get install openjdk-17-jre-headless maven"


class BrokerUnavailable(RuntimeError):
    """A broker cannot be had; the message says what to do."""


def cache_folder() -> Path:
    """The folder ``STILLWATCH_CACHE``, or ``.cache`` in this checkout."""
    named = os.environ.get("STILLWATCH_CACHE")
    return Path(named).expanduser().resolve() if named else HERE.parent / ".cache"


def jars_folder() -> Path:
    """Where the jars are or will be."""
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


def java() -> str:
    """The path of a Java that Kafka runs on. Raises ``BrokerUnavailable`` without one."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None:
        raise BrokerUnavailable(f"Kafka needs Java {MINIMUM_JAVA} or newer; {INSTALL_HINT}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.partition('"')[2].partition('"')[0]
    major = version.split(".")[0].split("-")[0]
    if not major.isdigit() or int(major) < MINIMUM_JAVA:
        raise BrokerUnavailable(
            f"Kafka needs Java {MINIMUM_JAVA} or newer, {found} is {version or 'broken'}; {INSTALL_HINT}"
        )
    return found


def fetch() -> Path:
    """Make sure that all jars are there, and return their folder.

    Cost: 44 MB and some 15 s the first time, milliseconds afterwards. Raises ``BrokerUnavailable``.
    """
    folder = jars_folder()
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailable(f"fetching Kafka needs Maven; {INSTALL_HINT}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="kafka-") as temporary:
        jars = Path(temporary) / "jars"
        _run_maven(maven, jars)
        _check(jars)
        try:
            jars.rename(folder)
        except OSError:
            # Somebody else fetched them at the same time; theirs passed the same check.
            if not folder.is_dir():
                raise
    return folder


def _run_maven(maven: str, jars: Path) -> None:
    command = [
        maven, "--quiet", "--batch-mode", "--strict-checksums", "--file", str(POM),
        "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BrokerUnavailable(f"Maven could not fetch Kafka {KAFKA_VERSION}:\n{(done.stdout + done.stderr)[-1500:]}")


def digests(jars: Path) -> dict[str, str]:
    """SHA-256 of every jar, by file name."""
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(jars.glob("*.jar"))}


def _check(jars: Path) -> None:
    recorded = {name: digest for digest, name in map(str.split, HASHES.read_text().splitlines())}
    found = digests(jars)
    if found != recorded:
        differing = sorted(name for name in found.keys() | recorded.keys() if found.get(name) != recorded.get(name))
        raise BrokerUnavailable(f"these jars are not those recorded in {HASHES}: {', '.join(differing)}")
