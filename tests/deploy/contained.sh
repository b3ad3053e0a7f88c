#!/usr/bin/env bash
# Runs a command so that nothing outlives it, not even when it is killed: tests/deploy/contained.sh COMMAND...
# Processes end with it; mounts and names of network namespaces are seen by nobody else. Without the right to do so
# (root) the command runs as it is.
set -euo pipefail

contain=(unshare --fork --pid --kill-child --mount --mount-proc)
if ! "${contain[@]}" true 2>/dev/null; then exec "$@"; fi
# The shell in between takes over orphans and lets the command get signals as any other process would.
exec "${contain[@]}" bash -c '
    mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns || exit
    "$@"
    exit $?
' contained "$@"
