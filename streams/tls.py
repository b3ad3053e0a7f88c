"""The TLS context of the connection to Kafka; a file that does not fit is named by the setting it comes from."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka.helpers import create_ssl_context


class TlsFileError(OSError):
    """A file of the TLS settings cannot be used; the message names variable, path and reason."""


def client_context(ca_file: Path | None, cert_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """Return the context for these PEM files; raises ``TlsFileError``.

    Parameters
    ----------
    ca_file
        Certificates of the authorities to trust; ``None``: those of the system.
    cert_file, key_file
        Certificate that a worker shows, and its key, which may stand in the same file.
    """
    with _named("STILLWATCH_SSL_CA_FILE", ca_file, "certificate"):
        context: ssl.SSLContext = create_ssl_context(cafile=None if ca_file is None else str(ca_file))
    if cert_file is None:
        return context
    with _named("STILLWATCH_SSL_CERT_FILE", cert_file, "certificate"):
        # Loading certificate and key together would not tell which of the two is broken.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cert_file)
    place = ("STILLWATCH_SSL_CERT_FILE", cert_file) if key_file is None else ("STILLWATCH_SSL_KEY_FILE", key_file)
    with _named(*place, "key of the certificate that is not encrypted"):
        # Without it OpenSSL would ask the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    return context


@contextmanager
def _named(variable: str, path: Path | None, content: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise TlsFileError(f"{variable}: {path}: holds no {content}, as PEM: {error.reason}") from error
    except OSError as error:
        raise TlsFileError(f"{variable}: {path}: {error.strerror}") from error
