"""Address blocks: the part of an address that a sender cannot change at will."""

from ipaddress import IPv6Address


def block_of(address: str | None) -> str:
    """Return the /24 of a v4 or the /48 of a v6 address, however it is spelt; other texts as they are."""
    bare = _bare(address or "")
    if ":" in bare:
        return _block_of_v6(bare)
    return bare.rpartition(".")[0] or bare


def _bare(address: str) -> str:
    """The first address of a list, without brackets, port and prefix length."""
    first = address.partition(",")[0].strip()
    if first.startswith("["):
        return first[1:].partition("]")[0]
    first = first.partition("/")[0]
    return first.partition(":")[0] if first.count(":") == 1 else first


def _block_of_v6(address: str) -> str:
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return ":".join(address.split(":")[:3])
    mapped = parsed.ipv4_mapped
    return block_of(str(mapped)) if mapped is not None else str(IPv6Address(int(parsed) >> 80 << 80))
