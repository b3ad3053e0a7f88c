"""Run the benchmark: ``make bench``."""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from bench import report, state_size
from bench.machine import facts, named_broker, own_broker
from bench.preload import ACCOUNTS, preload, traffic
from bench.runs import ACCOUNT_PATH, CAMPAIGNS, EVERYBODY, INGEST, OTHERS, PARTITIONS, Contestant, Repetition

DOCUMENT = Path("docs/benchmarks.md")
NUMBERS = Path("docs/benchmarks.json")
Measured = dict[str, list[dict[str, Any]]]


def main() -> None:
    """Measure everything, several times in turns, and write the document."""
    parser = argparse.ArgumentParser("python -m bench")
    parser.add_argument(
        "--named-broker", action="store_true", help="KAFKA_BOOTSTRAP_SERVERS names a broker of somebody, not ours"
    )
    is_named = parser.parse_args().named_broker
    repetitions = int(os.environ.get("STILLWATCH_BENCH_REPETITIONS", "3"))
    events = int(os.environ.get("STILLWATCH_BENCH_SIZE", "200000"))
    accounts = int(os.environ.get("STILLWATCH_BENCH_ACCOUNTS", ACCOUNTS))
    machine = facts() | (named_broker(os.environ["KAFKA_BOOTSTRAP_SERVERS"]) if is_named else own_broker())
    lines, description = traffic(events, accounts)
    measured: Measured = {contestant.letter: [] for contestant in EVERYBODY}
    for number in range(repetitions):
        _repeat(number, lines, measured)
    _say("sizes of accounts")
    results = {
        "machine": machine | {"load_after": os.getloadavg()[0]},
        "traffic": description,
        "events": len(lines),
        "repetitions": repetitions,
        "throughput": {letter: _summary(runs) for letter, runs in measured.items()},
        "state": state_size.measure(accounts * state_size.TIMES_ACCOUNTS),
    }
    NUMBERS.write_text(json.dumps(results, indent=1) + "\n")
    DOCUMENT.write_text(report.document(DOCUMENT.read_text() if DOCUMENT.exists() else "", results))
    print(report.section(results))


def _repeat(number: int, lines: list[bytes], measured: Measured) -> None:
    """Measure everybody once, in turns: the machine may be busier at one time than at another."""
    repetition = Repetition.begin(os.environ["KAFKA_BOOTSTRAP_SERVERS"])
    preload(repetition.bootstrap_servers, f"{repetition.prefix}{INGEST.topic}", PARTITIONS, lines)

    def measure(contestant: Contestant) -> None:
        result = repetition.measure(contestant)
        measured[contestant.letter].append(result)
        _say(f"{number + 1}. ({contestant.letter}) {result['events_per_cpu_second']:>10,.0f}  {contestant.title}")

    # Ingest fills the usage topic for the accounts stage and the peers, the accounts stage fills the links topic.
    measure(INGEST)
    rest = [*OTHERS[:2], ACCOUNT_PATH, *OTHERS[2:]]
    for contestant in rest if number % 2 == 0 else reversed(rest):
        measure(contestant)
    measure(CAMPAIGNS)


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    rates = [run["events_per_cpu_second"] for run in runs]
    return {"median": statistics.median(rates), "least": min(rates), "most": max(rates), "runs": runs}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
