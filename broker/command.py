"""The command ``broker/kafka``."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from broker import supervise
from broker.artifacts import KAFKA_VERSION, BrokerUnavailable, cache_folder, fetch, java
from broker.cluster import Cluster, start_in, temporary_cluster

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
DESCRIPTION = f"""A real Apache Kafka {KAFKA_VERSION} (KRaft, no ZooKeeper, no Docker) on free ports of this machine.

With {VARIABLE} set, `start` and `run` use the broker that it names and start none."""


def main() -> NoReturn:
    """Run the command and exit: 0, the code of the command that was run, or 1 with one line on what is wrong."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _exit_on_signal)
    signal.signal(signal.SIGHUP, _exit_on_signal)
    try:
        code = arguments.action(arguments)
    except BrokerUnavailable as error:
        print(f"broker/kafka: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = supervise.SIGNALLED + signal.SIGINT
    sys.exit(code)


def _exit_on_signal(number: int, _: object) -> NoReturn:
    sys.exit(supervise.SIGNALLED + number)


def _start(arguments: argparse.Namespace) -> int:
    if named := os.environ.get(VARIABLE):
        _say(f"{VARIABLE} is set: no broker started")
        print(named)
        return 0
    cluster = start_in(arguments.data, arguments.nodes)
    _say(f"Kafka {KAFKA_VERSION} serves; data in {cluster.folder}; `broker/kafka stop` ends it")
    print(cluster.bootstrap_servers)
    return 0


def _run(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command or shutil.which(command[0]) is None:
        raise BrokerUnavailable(f"no such command to run: {' '.join(command) or '(none)'}")
    if os.environ.get(VARIABLE):
        return supervise.run(command, dict(os.environ))
    _say(f"starting Kafka {KAFKA_VERSION}")
    began = time.monotonic()
    with temporary_cluster(arguments.nodes) as cluster:
        _say(f"Kafka serves at {cluster.bootstrap_servers} after {time.monotonic() - began:.1f} s")
        return supervise.run(command, {**os.environ, VARIABLE: cluster.bootstrap_servers})


def _stop(arguments: argparse.Namespace) -> int:
    cluster = Cluster.load(arguments.data)
    if arguments.delete:
        cluster.destroy()
    else:
        cluster.stop()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    cluster = Cluster.load(arguments.data)
    for node in cluster.nodes:
        state = "down" if node.pid is None else f"process {node.pid}"
        print(f"node {node.plan.node_id}  {node.address}  {state}  {node.log_path}")
    return 0 if cluster.is_running else 1


def _kill(arguments: argparse.Namespace) -> int:
    Cluster.load(arguments.data).node(arguments.node).kill()
    return 0


def _restart(arguments: argparse.Namespace) -> int:
    cluster = Cluster.load(arguments.data)
    cluster.node(arguments.node).stop()
    cluster.start()
    return 0


def _fetch(_: argparse.Namespace) -> int:
    java()
    print(fetch())
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("broker/kafka", description=DESCRIPTION)
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")

    data = argparse.ArgumentParser(add_help=False)
    data.add_argument(
        "--data", type=lambda text: Path(text).resolve(), default=cache_folder() / "broker", metavar="FOLDER",
        help="where the nodes keep their data (default: %(default)s)",
    )  # fmt: skip
    nodes = argparse.ArgumentParser(add_help=False)
    nodes.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="how many nodes (default: 1)")
    node = argparse.ArgumentParser(add_help=False)
    node.add_argument("node", type=int, metavar="NODE", help="number of the node, from 1")

    def add(name: str, action: object, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text, parents=parents)
        sub.set_defaults(action=action)
        return sub

    add("start", _start, "start a cluster, wait until it serves, print its bootstrap servers", data, nodes)
    stop = add("stop", _stop, "stop the cluster, keeping its data", data)
    stop.add_argument("--delete", action="store_true", help="delete its data too")
    add("status", _status, "show the nodes; exit code 1 unless all run", data)
    run = add("run", _run, f"start a throw-away cluster, run COMMAND with {VARIABLE} set, stop the cluster", nodes)
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    add("kill", _kill, "SIGKILL one node", data, node)
    add("restart", _restart, "stop one node if it runs, and start whatever is down", data, node)
    add("fetch", _fetch, "fetch Kafka without starting it, check that Java is there, print the folder of its jars")
    return parser
