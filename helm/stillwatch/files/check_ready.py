"""Ask every worker behind the service whether it is ready; exit 1 unless all are, and as many as there should be."""

import socket
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

service, port, expected = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def readiness(address: str) -> tuple[bool, str]:
    """Whether the worker there is ready, and what it says."""
    host = f"[{address}]" if ":" in address else address
    try:
        with urlopen(f"http://{host}:{port}/readyz", timeout=10) as answer:
            return True, answer.read().decode().strip()
    except HTTPError as refusal:
        return False, refusal.read().decode().strip()
    except OSError as error:
        return False, str(error)


try:
    found = sorted({info[4][0] for info in socket.getaddrinfo(service, port, type=socket.SOCK_STREAM)})
except socket.gaierror:
    # A name without any pod behind it does not resolve.
    found = []
ready = 0
for address in found:
    is_ready, said = readiness(address)
    ready += is_ready
    sys.stdout.write(f"{address}: {said}\n")
wanted = max(expected, len(found), 1)
sys.stdout.write(f"{ready} of {wanted} workers are ready\n")
sys.exit(ready < wanted)
