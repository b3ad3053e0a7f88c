#!/usr/bin/env bash
# Puts the peers into an environment of their own, then measures on a broker started for the occasion, or on the one that
# KAFKA_BOOTSTRAP_SERVERS names.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=${STILLWATCH_CACHE:-.cache}/peers
mark=$peers/.installed
if ! sha256sum --check --quiet --status "$mark" 2>/dev/null || ! "$peers/bin/python" -c 'import bytewax, quixstreams' 2>/dev/null; then
    echo 'bench: installing Quix Streams and Bytewax beside ours' >&2
    rm -rf "$peers"
    .venv/bin/python -m venv "$peers"
    "$peers/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary ':all:' \
        --require-hashes --requirement requirements-peers.txt
    sha256sum requirements-peers.txt >"$mark"
fi
exec .venv/bin/python broker/kafka run -- .venv/bin/python -m bench ${KAFKA_BOOTSTRAP_SERVERS:+--named-broker}
