"""What the benchmark ran on."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient

from broker.artifacts import KAFKA_VERSION, java

Facts = dict[str, Any]


def facts() -> Facts:
    """Processor, cores, memory, versions, and how busy the machine of the measured processes was already."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("faust-streaming", "aiokafka", "river", "msgspec", "numpy")},
        "load_before": os.getloadavg()[0],
    }


def own_broker() -> Facts:
    """The one that was started for the occasion, on this machine."""
    told = subprocess.run([java(), "-version"], capture_output=True, text=True, check=True).stderr
    return {"kafka": KAFKA_VERSION, "java": told.split('"')[1]}


def named_broker(bootstrap_servers: str) -> Facts:
    """What one that somebody named tells of itself: its nodes; neither its version nor its machine can be asked for."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers.split(","))
    try:
        return {"named_broker_nodes": len(admin.describe_cluster()["brokers"])}
    finally:
        admin.close()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
