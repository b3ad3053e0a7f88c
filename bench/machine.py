"""What the benchmark ran on."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from broker.artifacts import KAFKA_VERSION, java


def facts() -> dict[str, Any]:
    """Processor, cores, memory, versions, and how busy the machine was already."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        "java": subprocess.run([java(), "-version"], capture_output=True, text=True, check=True).stderr.split('"')[1],
        "packages": {name: version(name) for name in ("faust-streaming", "aiokafka", "river", "msgspec", "numpy")},
        "load_before": os.getloadavg()[0],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
