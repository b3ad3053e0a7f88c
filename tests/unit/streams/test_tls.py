"""TLS files: each that cannot be used is named by its variable and path, before anything connects."""

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.tls import TlsFileError, client_context

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificates with openssl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates with their keys, one of these encrypted too, a file with both, and one with neither."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("a", "b"):
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "1",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    openssl(folder, "rsa", "-aes256", "-passout", "pass:secret", "-in", "a.key", "-out", "encrypted.key")
    (folder / "both.pem").write_bytes((folder / "a.pem").read_bytes() + (folder / "a.key").read_bytes())
    (folder / "junk.pem").write_text("-----BEGIN NONSENSE-----\n")
    return folder


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in the folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def given(folder: Path, **names: str) -> dict[str, Any]:
    """Arguments of the context: these files of the folder, and none for the rest."""
    return {f"{kind}_file": folder / names[kind] if kind in names else None for kind in ("ca", "cert", "key")}


@pytest.mark.parametrize(
    "names",
    [{}, {"ca": "a.pem"}, {"ca": "b.pem", "cert": "a.pem", "key": "a.key"}, {"cert": "both.pem"}],
)
def test_files_that_fit_make_a_context(folder: Path, names: dict[str, str]) -> None:
    """Brokers are verified whatever is set, and a key may stand beside its certificate."""
    context = client_context(**given(folder, **names))

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    ("names", "broken", "reason"),
    [
        ({"ca": "none.pem"}, "ca", "No such file or directory"),
        ({"ca": "junk.pem"}, "ca", "holds no certificate"),
        ({"ca": "."}, "ca", "Is a directory"),
        ({"ca": "a.pem", "cert": "none.pem", "key": "a.key"}, "cert", "No such file or directory"),
        ({"cert": "junk.pem", "key": "a.key"}, "cert", "holds no certificate"),
        ({"cert": "a.pem", "key": "none.key"}, "key", "No such file or directory"),
        ({"cert": "a.pem", "key": "junk.pem"}, "key", "holds no key"),
        ({"cert": "a.pem", "key": "b.key"}, "key", "KEY_VALUES_MISMATCH"),
        ({"cert": "a.pem", "key": "encrypted.key"}, "key", "holds no key of the certificate that is not encrypted"),
        ({"cert": "a.pem"}, "cert", "holds no key"),
    ],
)
def test_a_file_that_does_not_fit_is_named(folder: Path, names: dict[str, str], broken: str, reason: str) -> None:
    """By its variable and its path, and no other; nobody is asked for a password."""
    with pytest.raises(TlsFileError) as refused:
        client_context(**given(folder, **names))

    assert str(refused.value).startswith(f"STILLWATCH_SSL_{broken.upper()}_FILE: {folder / names[broken]}: ")
    assert reason in str(refused.value)


@pytest.mark.parametrize("arguments", [["topics"], ["consume-alerts"], ["config", "check"]])
def test_every_command_that_connects_names_it(folder: Path, arguments: list[str]) -> None:
    """In one line, as with any other setting."""
    path = folder / "none.pem"
    environment = {"STILLWATCH_SECURITY_PROTOCOL": "SSL", "STILLWATCH_SSL_CA_FILE": str(path)}
    done = CliRunner().invoke(main, arguments, env=environment | {"STILLWATCH_FINGERPRINT_KEY": "a secret of my own"})

    assert done.exit_code == 1
    last = done.stderr.splitlines()[-1]
    assert last.lower().startswith("error: ")
    assert last.endswith(f"STILLWATCH_SSL_CA_FILE: {path}: No such file or directory")
