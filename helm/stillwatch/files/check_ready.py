"""Ask every worker behind the service for its readiness; exit 1 when one says no or there is none."""

import socket
import sys
from urllib.request import urlopen

service, port = sys.argv[1], int(sys.argv[2])
addresses = sorted({info[4][0] for info in socket.getaddrinfo(service, port, type=socket.SOCK_STREAM)})
for address in addresses:
    host = f"[{address}]" if ":" in address else address
    with urlopen(f"http://{host}:{port}/readyz", timeout=10) as answer:
        sys.stdout.write(f"{address}: {answer.read().decode()}")
sys.stdout.write(f"{len(addresses)} workers are ready\n")
