"""Where requests come from. Addresses are of ranges that belong to nobody (RFC 6598, 2544, 5737, 3849)."""

from dataclasses import dataclass
from random import Random

from traffic.random_draws import chance, pick

KINDS = ("home", "mobile", "office", "campus", "cloud", "runners", "vpn", "strangers")


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its clock (hours east of UTC, no daylight saving) and the languages of its people."""

    code: str
    utc_offset_hours: float
    languages: tuple[str, ...]
    weight: float


COUNTRIES = (
    Country("US", -6.0, ("en", "en", "en", "es"), 0.26),
    Country("DE", 1.0, ("de", "de", "en"), 0.15),
    Country("ES", 1.0, ("es", "es", "en"), 0.1),
    Country("FR", 1.0, ("fr", "fr", "en"), 0.12),
    Country("MX", -6.0, ("es",), 0.07),
    Country("GB", 0.0, ("en",), 0.1),
    Country("IN", 5.5, ("en",), 0.08),
    Country("SG", 8.0, ("en", "zh", "zh"), 0.06),
    Country("CA", -5.0, ("en", "fr"), 0.06),
)
_CARRIERS_PER_COUNTRY = 4
_CLOUDS = 5
_VPNS = 3


@dataclass(frozen=True, slots=True)
class Address:
    """One source address with its network and the country it seems to be in."""

    client_ip: str
    asn: int
    country: str


def draw_country(rng: Random) -> Country:
    """Draw a country by its share of accounts."""
    return rng.choices(COUNTRIES, [country.weight for country in COUNTRIES])[0]


def draw_address(rng: Random, kind: str, country: Country) -> Address:
    """Draw an address of a network kind; raises ValueError for a kind that does not exist."""
    if kind in ("home", "mobile"):
        return _residential(rng, country, is_mobile=kind == "mobile")
    if kind in ("cloud", "runners"):
        provider = int(rng.random() * _CLOUDS)
        third = f"{int(rng.random() * 256)}.{1 + int(rng.random() * 254)}"
        return Address(f"198.{18 + provider % 2}.{third}", 64700 + provider, country.code)
    if kind == "vpn":
        exit_ = int(rng.random() * 60)
        return Address(f"203.0.113.{exit_ + 10}", 64720 + exit_ % _VPNS, pick(rng, COUNTRIES).code)
    if kind in ("office", "campus"):
        place = 64740 if kind == "office" else 64760
        site = int(rng.random() * 20)
        return Address(f"10.{site + place % 256}.{int(rng.random() * 256)}.1", place + site, country.code)
    if kind == "strangers":
        return _residential(rng, pick(rng, COUNTRIES), is_mobile=False)
    raise ValueError(f"network kind {kind!r} is none of {', '.join(KINDS)}")


def _residential(rng: Random, country: Country, *, is_mobile: bool) -> Address:
    carrier = COUNTRIES.index(country) * _CARRIERS_PER_COUNTRY + int(rng.random() * _CARRIERS_PER_COUNTRY)
    asn = 64600 + carrier
    if is_mobile:
        # Carrier-grade translation: a few addresses stand for all of a carrier's mobile customers.
        return Address(f"100.{64 + carrier}.{int(rng.random() * 2)}.{int(rng.random() * 48)}", asn, country.code)
    if chance(rng, 0.25):
        return Address(
            f"2001:db8:{carrier:x}:{int(rng.random() * 65536):x}::{int(rng.random() * 65536):x}", asn, country.code
        )
    return Address(f"100.{64 + carrier}.{2 + int(rng.random() * 254)}.{int(rng.random() * 256)}", asn, country.code)
