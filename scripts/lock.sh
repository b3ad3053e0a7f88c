#!/usr/bin/env bash
# Pins everything that is installed, with hashes, from the ranges in pyproject.toml.
# Says nothing about where packages come from: that is the business of the machine that installs them.
# Extras stay in the pins: where another package asks for an extra, pip takes a pin without it for none.
# An argument such as `--upgrade` or `--upgrade-package river` goes on to uv; without one, pins stay where they can.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.cache/lock
[ -x "$tool/bin/uv" ] || { .venv/bin/python -m venv "$tool" && "$tool/bin/pip" install --quiet uv==0.13.9; }

compile() {
    local file=$1
    shift
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$file" "$@"
    if grep -nE '://|^--' "$file"; then
        echo "$file: names an address, see above" >&2
        exit 1
    fi
}

compile requirements.txt pyproject.toml "$@"
compile requirements-dev.txt pyproject.toml --group dev --constraint requirements.txt "$@"
# Of its own: a peer may refuse a version that we use. The detectors in it are the same, so river and msgspec are too.
compile requirements-peers.txt pyproject.toml --group peers "$@"
