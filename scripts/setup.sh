#!/usr/bin/env bash
# Makes .venv with the command `stillwatch`, and fetches the Kafka that demo, tests and benchmarks run on.
# Installs what the machine lacks where it may (root or sudo, on Debian and Ubuntu); otherwise says what to install.
# May be run again at any time: it repairs what is broken and does in an instant what is done.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly venv=$PWD/.venv
readonly done_mark=$venv/.stillwatch-setup
readonly in_range='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# How to become root, as a command to put before another; says what to install where that is not possible.
as_root() {
    command -v apt-get >/dev/null || die "please install what Debian calls: ${*/openjdk-jre-headless/openjdk-17-jre-headless}"
    if [ "$(id -u)" -eq 0 ]; then
        echo env
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        echo sudo
    else
        die "please install: ${*/openjdk-jre-headless/Java 17 (openjdk-17-jre-headless)}"
    fi
}

install_packages() {
    local root java
    root=$(as_root "$@")
    "$root" apt-get update -qq >&2
    java=$(java_package)
    say "installing ${*/openjdk-jre-headless/$java}"
    "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${@/openjdk-jre-headless/$java}" >/dev/null
}

# The oldest Java package that Kafka runs on; which one a distribution has depends on its release.
java_package() {
    local number
    for number in 17 21 25; do
        if apt-cache show "openjdk-$number-jre-headless" >/dev/null 2>&1; then
            echo "openjdk-$number-jre-headless"
            return
        fi
    done
    echo openjdk-17-jre-headless # it is not there either, and apt-get says so
}

# The first Python that fits and can make environments, or nothing.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c "$in_range; import ensurepip, venv" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# Whether .venv is an environment made here, by a Python that fits. A copied or moved one names another folder; in the
# first line of its commands, or in the second where the folder has a space in its name.
is_venv_sound() {
    [ ! -L .venv ] && [ -x .venv/bin/python ] &&
        .venv/bin/python -c "import sys; assert sys.prefix == sys.argv[1] and sys.prefix != sys.base_prefix" "$venv" 2>/dev/null &&
        .venv/bin/python -c "$in_range" &&
        .venv/bin/python -m pip --version 2>/dev/null | grep -qF "$venv/" &&
        ! { [ -e .venv/bin/pip ] && ! head -2 .venv/bin/pip | grep -qF "$venv/"; }
}

# What the environment is made from; when it changes, the environment is brought up to date.
fingerprint() {
    .venv/bin/python -c 'import sys; print(sys.version, sys.prefix)' && cat requirements-dev.txt pyproject.toml
}

is_venv_complete() {
    [ ! -L .venv ] && [ -f "$done_mark" ] && [ -x .venv/bin/stillwatch ] &&
        [ "$(cat "$done_mark")" = "$(fingerprint 2>&1 | sha256sum)" ] &&
        grep -qF "$venv/" .venv/bin/stillwatch
}

make_venv() {
    local python
    python=$(find_python)
    if [ -z "$python" ]; then
        install_packages python3 python3-venv
        python=$(find_python)
        [ -n "$python" ] || die "Stillwatch needs Python 3.11, 3.12 or 3.13 with venv; set PYTHON to one"
    fi
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

fill_venv() {
    say "installing the pinned packages"
    rm -f "$done_mark"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 5 --only-binary ':all:' \
        --require-hashes --requirement requirements-dev.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    fingerprint 2>&1 | sha256sum >"$done_mark"
}

fetch_broker() {
    if [ -n "${KAFKA_BOOTSTRAP_SERVERS:-}" ] || .venv/bin/python broker/kafka fetch >/dev/null 2>&1; then
        return # a broker of the environment is used, or ours is there
    fi
    local missing=()
    .venv/bin/python -c 'from broker.artifacts import java; java()' 2>/dev/null || missing+=(openjdk-jre-headless)
    command -v mvn >/dev/null || missing+=(maven)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    say "fetching Kafka"
    .venv/bin/python broker/kafka fetch >/dev/null
}

if ! is_venv_complete; then
    is_venv_sound || make_venv
    fill_venv
fi
fetch_broker
