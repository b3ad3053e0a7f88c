"""The results as Markdown, put between two marks of docs/benchmarks.md."""

from pathlib import Path
from typing import Any

from bench.runs import EVERYBODY, PARTITIONS
from bench.state_size import DAYS, MATURE_DAYS, SAMPLE_EVERY

BEGIN = "<!-- throughput: written by `make bench` -->"
END = "<!-- end of throughput -->"
TEMPLATE = Path(__file__).with_name("section.md")
AIM_TIMES_NAIVE = 10
AIM_TIMES_PEER = 1.3
AIM_RATE = 60_000
SNAPSHOT_BUDGET = 4 * 1024
LIVE_BUDGET = 16 * 1024
Results = dict[str, Any]


def document(before: str, results: Results) -> str:
    """Return the document with the section of this benchmark replaced or added; the rest is left alone."""
    written = f"{BEGIN}\n{section(results)}{END}"
    head, begin, rest = before.partition(BEGIN)
    if not begin:
        return (before.rstrip() or "# Benchmarks") + f"\n\n{written}\n"
    return head + written + rest.partition(END)[2]


def section(results: Results) -> str:
    """The section of this benchmark."""
    throughput = results["throughput"]
    naive = throughput["a"]["median"]
    return TEMPLATE.read_text().format(
        broker=_broker(results["machine"]),
        partitions=PARTITIONS,
        events=results["events"],
        traffic=results["traffic"],
        repetitions=results["repetitions"],
        rows="\n".join(_row(who.letter, who.title, throughput[who.letter], naive) for who in EVERYBODY),
        comparison="\n".join(_comparison(throughput)),
        machine=_machine(results["machine"]),
        sized_accounts=results["state"]["accounts"],
        sized_days=DAYS,
        mature_days=MATURE_DAYS,
        sample_every=SAMPLE_EVERY,
        sizes="\n".join(
            (
                _size("snapshot", results["state"]["snapshot_bytes"], SNAPSHOT_BUDGET),
                _size("alive", results["state"]["live_bytes"], LIVE_BUDGET),
            )
        ),
    )


def _row(letter: str, title: str, found: Results, naive: float) -> str:
    peak = max(run["peak_rss_bytes"] for run in found["runs"]) / 2**20
    return (
        f"| ({letter}) | {title} | {found['median']:,.0f} | {found['least']:,.0f} to {found['most']:,.0f} "
        f"| {found['median'] / naive:.1f} | {peak:,.0f} MiB |"
    )


def _comparison(throughput: Results) -> list[str]:
    ours, naive = throughput["c"]["median"], throughput["a"]["median"]
    peer = max(throughput["d"]["median"], throughput["e"]["median"])
    return [
        _aim(f"{ours / naive:.1f} times (a)", f"{AIM_TIMES_NAIVE} times", ours >= AIM_TIMES_NAIVE * naive),
        _aim(
            f"{ours / peer:.2f} times the better of (d), (e)", f"{AIM_TIMES_PEER} times", ours >= AIM_TIMES_PEER * peer
        ),
        _aim(f"{ours:,.0f} events per CPU-second", f"{AIM_RATE:,}", ours >= AIM_RATE),
    ]


def _aim(found: str, aim: str, is_met: bool) -> str:
    return f"- (c) reaches {found}; aim {aim}: {'met' if is_met else '**not met**'}."


def _broker(facts: Results) -> str:
    if (nodes := facts.get("named_broker_nodes")) is None:
        return "One broker on the same machine"
    return f"A Kafka named by KAFKA_BOOTSTRAP_SERVERS, {nodes} node{'s' * (nodes != 1)} wherever they are"


def _machine(facts: Results) -> str:
    kafka = f", Kafka {facts['kafka']} on Java {facts['java']}" if "kafka" in facts else ""
    return "; ".join(
        (
            f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB",
            f"{facts['system']}, Python {facts['python']}{kafka}",
            ", ".join(f"{name} {number}" for name, number in facts["packages"].items()),
            f"load average {facts['load_before']:.1f} before and {facts['load_after']:.1f} after",
        )
    )


def _size(what: str, found: Results, budget: int) -> str:
    if not found:
        return f"| {what} | | | no account was so old | {budget:,} |"
    outcome = "met" if found["max"] <= budget else "**not met**"
    return f"| {what} | {found['median']:,.0f} | {found['p99']:,.0f} | {found['max']:,.0f} | {budget:,}: {outcome} |"
