"""Content discrepancy of pooled prompts, in the terms of the published table (arXiv 2606.05725) and in harder ones.

A window pools prompts; some share of it is of one campaign. The statistic is the kernel mean discrepancy between the
window and honest use, on random features of the fingerprints' embeddings, whitened by how honest windows vary. One
third of the honest prompts says what is usual, one sets the bar to the published rate of false positives, on the last
both rates are counted.

* ``prompts``: thirds of one pool of prompts, windows drawn from it one by one, as in the published table.
* ``accounts``: thirds of the accounts; a window takes its prompts from twenty of them. That is what a deployment has to
  do, and honest accounts differ more than honest prompts.

Run as ``python -m tuning.content_discrepancy [CORPUS]`` on sample traffic, or on the prompts of a labelled corpus;
writes docs/figures/content_discrepancy.csv and .png, or the same with ``_corpus`` in their names.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from detectors.fingerprint_layout import embedding
from streams.event_files import EventFiles
from traffic.catalogue import kind
from traffic.scenario import Scenario
from traffic.scenario_files import load_scenario
from traffic.simulate import Simulation
from tuning.corpus import events_file, read_labels
from tuning.figures import check_drawing, markdown, new_figure, write_figure, write_table
from tuning.pipeline import fingerprinted

TERMS = ("prompts", "accounts")
WINDOWS = (100, 1_500)
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
FALSE_POSITIVES = {100: 0.013, 1_500: 0.003}
"""Rates of the published table, to which the bar is set."""
PUBLISHED = {
    100: {0.05: 0.046, 0.25: 0.76, 1.0: 1.0},
    1_500: {0.05: 0.59, 0.1: 0.937, 0.25: 1.0, 1.0: 1.0},
}
WRAPPERS = ("none", "fixed", "variants", "few_shot", "grammar")
_FEATURES = 192
_HONEST_WINDOWS = 1_500
_ATTACKED_WINDOWS = 25
_ACCOUNTS_PER_WINDOW = 20
_CAMPAIGNS = 8
_SHRINKAGE = 0.05
_PROMPTS_PER_ACCOUNT = 200

Vectors = NDArray[np.float32]


class Features:
    """Random Fourier features of a Gaussian kernel (Rahimi and Recht, 2007) beside the embedding itself."""

    def __init__(self, rng: np.random.Generator, dimensions: int, scale: float) -> None:
        self._weights = (rng.standard_normal((dimensions, _FEATURES // 2)) / scale).astype(np.float32)

    def of(self, vectors: Vectors) -> Vectors:
        """Return a line of features for each vector."""
        phases = vectors @ self._weights
        return np.concatenate((vectors, np.cos(phases), np.sin(phases)), axis=1).astype(np.float32)


class Discrepancy:
    """Distance of a window's mean from honest use, in units of how honest windows vary."""

    def __init__(self, honest_means: Vectors) -> None:
        self._mean = honest_means.mean(axis=0)
        covariance = np.cov(honest_means, rowvar=False)
        ridge = _SHRINKAGE * np.trace(covariance) / len(covariance)
        self._inverse = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))

    def of(self, means: Vectors) -> NDArray[np.float64]:
        """Return the squared distance of each window's mean."""
        away = means - self._mean
        distances: NDArray[np.float64] = np.einsum("ij,jk,ik->i", away, self._inverse, away)
        return distances


def honest_prompts(seed: int) -> list[Vectors]:
    """Return the embeddings of honest prompts, an array for each account."""
    scenario = load_scenario(Path(__file__).parent / "honest.yaml")
    wide = tuple(replace(population, accounts=6 * population.accounts) for population in scenario.populations)
    grouped: dict[str, list[Vectors]] = defaultdict(list)
    for event in fingerprinted(Simulation(replace(scenario, populations=wide, days=8, seed=seed)).events()):
        grouped[event.account_id].append(embedding(event.prompt_fingerprint or ""))
    return [np.array(grouped[account_id]) for account_id in sorted(grouped)]


def thirds(rng: np.random.Generator, accounts: list[Vectors], terms: str) -> list[list[Vectors]]:
    """Split into what is usual, what sets the bar, and what is judged: by prompts (one pool each) or by accounts."""
    if terms == "accounts":
        return [accounts[part::3] for part in range(3)]
    pool = rng.permutation(np.concatenate(accounts))
    return [[pool[part::3]] for part in range(3)]


def campaign_prompts(wrapper: str, seed: int) -> Vectors:
    """Return the embeddings of one campaign's prompts."""
    campaign = replace(kind("hydra"), accounts=20)
    harvest = campaign.streams["harvest"]
    content = replace(harvest.content, wrapper=wrapper, languages=("en",))
    campaign = replace(campaign, streams={"harvest": replace(harvest, content=content)})
    events = fingerprinted(Simulation(Scenario((campaign,), days=12, seed=seed)).events())
    return np.array([embedding(event.prompt_fingerprint or "") for event in events])


def honest_window(rng: np.random.Generator, accounts: list[Vectors], size: int) -> Vectors:
    """Return the sum of a window of honest prompts: of one pool, or of twenty accounts in equal parts."""
    total = np.zeros(accounts[0].shape[1], np.float32)
    parts = 1 if len(accounts) == 1 else _ACCOUNTS_PER_WINDOW
    for part in range(parts):
        own = accounts[rng.integers(len(accounts))]
        total += own[rng.integers(len(own), size=(size + part) // parts)].sum(axis=0)
    return total


def window_means(rng: np.random.Generator, accounts: list[Vectors], size: int, count: int) -> Vectors:
    """Return the means of honest windows."""
    return np.array([honest_window(rng, accounts, size) / size for _ in range(count)])


def attacked_means(
    rng: np.random.Generator, accounts: list[Vectors], prompts: Vectors, size: int, share: float
) -> Vectors:
    """Return the means of windows with a share of one campaign's prompts."""
    own = max(1, round(size * share))
    return np.array([
        (prompts[rng.integers(len(prompts), size=own)].sum(axis=0) + honest_window(rng, accounts, size - own)) / size
        for _ in range(_ATTACKED_WINDOWS)
    ])  # fmt: skip


def sample_prompts(seed: int) -> tuple[list[Vectors], dict[str, list[Vectors]]]:
    """Return the embeddings of simulated honest accounts, and of campaigns by wrapper."""
    campaigns = {w: [campaign_prompts(w, 100 + number) for number in range(_CAMPAIGNS)] for w in WRAPPERS}
    return honest_prompts(seed), campaigns


def corpus_prompts(folder: Path) -> tuple[list[Vectors], dict[str, list[Vectors]]]:
    """Return the same of a labelled corpus: the first 200 prompts of each account, all of each campaign."""
    truth, attacks = read_labels(folder)
    events = (event for event in map(json.loads, EventFiles([events_file(folder)]).lines()) if event.get("prompt"))
    honest: dict[str, list[Vectors]] = defaultdict(list)
    harvested: dict[str, list[Vectors]] = defaultdict(list)
    for event in fingerprinted(events):
        account_id = event.account_id
        if account_id in truth.kinds and len(honest[account_id]) < _PROMPTS_PER_ACCOUNT:
            honest[account_id].append(embedding(event.prompt_fingerprint or ""))
        elif (campaign_id := attacks.get(event.event_id)) is not None:
            harvested[campaign_id].append(embedding(event.prompt_fingerprint or ""))
    campaigns: dict[str, list[Vectors]] = defaultdict(list)
    for campaign_id in sorted(harvested):
        campaigns[truth.campaigns[campaign_id].wrapper].append(np.array(harvested[campaign_id]))
    return [np.array(honest[account_id]) for account_id in sorted(honest)], dict(sorted(campaigns.items()))


def measured(seed: int, accounts: list[Vectors], harvested: dict[str, list[Vectors]]) -> Iterator[dict[str, Any]]:
    """Yield one row for each way of splitting, size of window, wrapper and attacker share."""
    rng = np.random.default_rng(seed)
    pool = np.concatenate(accounts)
    sample = pool[rng.integers(len(pool), size=(2, 2_000))]
    scale = float(np.median(np.linalg.norm(sample[0] - sample[1], axis=1)))
    feature = Features(rng, pool.shape[1], scale)
    campaigns = {wrapper: [feature.of(prompts) for prompts in own] for wrapper, own in harvested.items()}
    for terms in TERMS:
        usual, bar_setting, unseen = thirds(rng, [feature.of(own) for own in accounts], terms)
        for size in WINDOWS:
            discrepancy = Discrepancy(window_means(rng, usual, size, _HONEST_WINDOWS))
            honest = discrepancy.of(window_means(rng, bar_setting, size, _HONEST_WINDOWS))
            bar = np.quantile(honest, 1 - FALSE_POSITIVES[size])
            false = float((discrepancy.of(window_means(rng, unseen, size, _HONEST_WINDOWS)) > bar).mean())
            for wrapper, share in product(campaigns, SHARES):
                found = [
                    float((discrepancy.of(attacked_means(rng, unseen, prompts, size, share)) > bar).mean())
                    for prompts in campaigns[wrapper]
                ]
                yield {
                    "terms": terms, "window": size, "wrapper": wrapper, "campaigns": len(found),
                    "attacker_share": share, "detected": round(float(np.mean(found)), 4),
                    "worst_campaign": round(min(found), 4), "false_positives": round(false, 4),
                    "published": PUBLISHED[size].get(share, ""),
                }  # fmt: skip


def shown(rows: list[dict[str, Any]]) -> str:
    """Return the table for docs: detected over all campaigns, the worst and the best wrapper behind it."""
    lines = []
    for terms, size in product(TERMS, WINDOWS):
        own = [row for row in rows if (row["terms"], row["window"]) == (terms, size)]
        cells = {f"{share:.0%}": _over_wrappers([r for r in own if r["attacker_share"] == share]) for share in SHARES}
        name = f"{size:,} prompts, bar from other {terms}"
        lines.append({"windows of": name, "false positives": f"{own[0]['false_positives']:.1%}"} | cells)
        if terms == TERMS[0]:
            known = {f"{share:.0%}": _percent(PUBLISHED[size].get(share)) for share in SHARES}
            lines.append(
                {"windows of": f"{size:,}, published", "false positives": f"{FALSE_POSITIVES[size]:.1%}"} | known
            )
    return markdown(lines)


def _over_wrappers(rows: list[dict[str, Any]]) -> str:
    mean = sum(row["detected"] * row["campaigns"] for row in rows) / sum(row["campaigns"] for row in rows)
    each = [row["detected"] for row in rows]
    return f"{mean:.0%} ({min(each):.0%} to {max(each):.0%})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def drawn(rows: list[dict[str, Any]], terms: str, name: str) -> None:
    """Draw detection against attacker share, a panel for each size of window."""
    figure, panels = new_figure(len(WINDOWS), width=10.5)
    for panel, size in zip(panels, WINDOWS, strict=True):
        own = [row for row in rows if (row["terms"], row["window"]) == (terms, size)]
        for wrapper in dict.fromkeys(row["wrapper"] for row in own):
            line = [row["detected"] for row in own if row["wrapper"] == wrapper]
            panel.plot([100 * share for share in SHARES], line, "o-", label=f"wrapper: {wrapper}")
        published = PUBLISHED[size]
        panel.plot([100 * share for share in published], list(published.values()), "ks", label="published")
        panel.set_xscale("log")
        panel.set_xticks([100 * share for share in SHARES], [f"{share:.0%}" for share in SHARES])
        panel.set_xlabel("attacker's share of the window")
        panel.set_ylabel("windows detected")
        panel.set_title(f"{size:,} prompts; {own[0]['false_positives']:.1%} of honest windows named")
        panel.legend(fontsize=8)
    figure.suptitle(f"Content alone, honest windows the bar has not seen: other {terms}")
    click.echo(write_figure(f"{name}_{terms}", figure))


@click.command()
@click.argument(
    "folder", metavar="[CORPUS]", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--seed", default=5, show_default=True)
def main(folder: Path | None, seed: int) -> None:
    """Measure detection by content alone."""
    check_drawing()
    accounts, campaigns = corpus_prompts(folder) if folder else sample_prompts(seed)
    name = "content_discrepancy_corpus" if folder else "content_discrepancy"
    rows = list(measured(seed, accounts, campaigns))
    click.echo(write_table(name, rows))
    for terms in TERMS:
        drawn(rows, terms, name)
    click.echo(f"\n{shown(rows)}")


if __name__ == "__main__":
    main()
