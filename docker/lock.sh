#!/usr/bin/env bash
# Pins docker/requirements-build.in with hashes. Needs uv: scripts/lock.sh installs it to .cache/lock.
set -euo pipefail
cd "$(dirname "$0")"
../.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --output-file requirements-build.txt requirements-build.in
