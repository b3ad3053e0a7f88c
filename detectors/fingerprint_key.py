"""What a key of the fingerprints must be; apart, so that settings check it without loading what uses it."""

from typing import Final

_MIN_BYTES: Final = 16
_MAX_BYTES: Final = 64


def checked_key(key: bytes) -> bytes:
    """Return the key; raises ``ValueError`` for one that is too short to be secret or too long for BLAKE2b."""
    if not _MIN_BYTES <= len(key) <= _MAX_BYTES:
        raise ValueError(f"a fingerprint key has {_MIN_BYTES} to {_MAX_BYTES} bytes, this one {len(key)}")
    return bytes(key)
