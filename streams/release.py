"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version


def release() -> str | None:
    """Version of the installed package, ``None`` when it runs from its sources."""
    try:
        return version("stillwatch")
    except PackageNotFoundError:
        return None
