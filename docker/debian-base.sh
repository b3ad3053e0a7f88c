#!/usr/bin/env bash
# Base images from Debian's packages, for machines that reach no image registry:
#   docker/debian-base.sh build TAG   Python 3.13 with venv and strip, for the build stage
#   docker/debian-base.sh run TAG     Python 3.13, libraries and certificate authorities; no shell, no package manager
# Needs root, mmdebstrap, podman. Who reaches a registry does not need this: the Dockerfile's defaults are there.
set -euo pipefail

[ $# -eq 2 ] || { sed -n 2,5p "$0"; exit 2; }
kind=$1 tag=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

case $kind in
build) variant=essential packages=python3,python3-venv,binutils,ca-certificates,libstdc++6 ;;
run) variant=extract packages=python3.13,ca-certificates,libstdc++6,base-files,netbase,tzdata ;;
*) echo "$0: build or run, not $kind" >&2; exit 2 ;;
esac

mmdebstrap --quiet --mode=root --variant=$variant --include=$packages \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    trixie "$root"

# Unpacked only: this makes what the packages' scripts would have made, and removes what only those scripts use.
finish_run_base() {
    cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
    printf '%s\n' 'root:x:0:0:root:/:/usr/sbin/nologin' 'stillwatch:x:10001:10001::/nonexistent:/usr/sbin/nologin' >etc/passwd
    printf '%s\n' 'root:x:0:' 'stillwatch:x:10001:' >etc/group
    ln -sf python3.13 usr/bin/python3
    find usr/bin usr/sbin -mindepth 1 ! -name 'python3*' -delete
    # What scanners read in order to know which packages an image is made of.
    mkdir -p var/lib/dpkg/status.d
    awk -v RS= '{ match($0, /Package: [^\n]+/); name = substr($0, RSTART + 9, RLENGTH - 9); print $0 > ("var/lib/dpkg/status.d/" name) }' \
        var/lib/dpkg/status
    find var/lib/dpkg -mindepth 1 -maxdepth 1 ! -name status.d -exec rm -r {} +
    rm -rf etc/apt etc/dpkg etc/cron.daily etc/logrotate.d etc/skel var/lib/apt usr/lib/apt usr/lib/dpkg usr/libexec \
        usr/lib/*/perl* usr/lib/*/gconv usr/share/{perl*,ca-certificates,debconf,bash-completion,applications,bug,gdb,info,lintian,man,menu,pixmaps,readline} \
        usr/lib/python3.13/{pydoc_data,idlelib,tkinter,turtle.py,turtledemo,ensurepip} usr/lib/python3
}
cd "$root"
if [ "$kind" = run ]; then finish_run_base; fi
rm -rf var/cache/* var/log/* tmp/* etc/hostname etc/resolv.conf

# Without a path in the image, container runtimes do not find the interpreter.
tar --numeric-owner --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" -c . |
    podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$tag" >/dev/null
podman image inspect --format "$tag: {{.Size}} bytes" "$tag"
