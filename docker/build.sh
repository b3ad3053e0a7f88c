#!/usr/bin/env bash
# Builds the image with the first that is there of buildah, podman and docker: docker/build.sh [TAG]    default: stillwatch:VERSION
#   BASE, RUN_BASE   base images, see the Dockerfile; `local` makes both of Debian's packages: needs podman, mmdebstrap, root
#   PYTHON           interpreter in RUN_BASE, /usr/bin/python3
#   ARCHIVE          also write the image to this OCI archive
# docker/build.sh --bases only makes the bases of Debian's packages, where they are not there yet.
# Dependencies are downloaded by this machine's pip to docker/wheels, so that the build itself needs no network.
# For x86_64 only: Faust has no Linux wheels for anything else, and the hashes pin wheels.
set -euo pipefail
cd "$(dirname "$0")/.."

make_bases() {
    local kind
    for kind in build run; do
        podman image exists "localhost/stillwatch-base:$kind" || docker/debian-base.sh $kind "localhost/stillwatch-base:$kind"
    done
}

if [ "${1:-}" = --bases ]; then
    make_bases
    exit
fi
machine=$(uname -m)
if [ "$machine" != x86_64 ]; then
    echo "$0: this is $machine, and the image is for x86_64, for which alone Faust has Linux wheels; build it on such a machine" >&2
    exit 1
fi
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
tag=${1:-localhost/stillwatch:$version}
# Sources need not come with their history.
if revision=$(git rev-parse HEAD 2>/dev/null); then
    git diff --quiet HEAD -- docker schemas detectors streams traffic requirements.txt || revision+=-dirty
else
    revision=unknown
fi

if [ "${BASE:-}" = local ]; then
    make_bases
    BASE=localhost/stillwatch-base:build RUN_BASE=localhost/stillwatch-base:run
fi

python=.venv/bin/python
mkdir -p docker/wheels
for file in requirements.txt docker/requirements-build.txt; do
    $python -m pip download --quiet --require-hashes --no-deps --only-binary :all: --implementation cp --python-version 3.13 \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform any \
        --dest docker/wheels -r $file
done

arguments=(--file docker/Dockerfile --tag "$tag" --build-arg "VERSION=$version" --build-arg "REVISION=$revision")
for name in BASE RUN_BASE PYTHON; do
    [ -z "${!name:-}" ] || arguments+=(--build-arg "$name=${!name}")
done
if command -v buildah >/dev/null; then
    buildah bud --quiet --format docker --isolation "${BUILDAH_ISOLATION:-chroot}" --layers=false "${arguments[@]}" .
    [ -z "${ARCHIVE:-}" ] || buildah push --quiet --format oci "$tag" "oci-archive:$ARCHIVE:$tag"
elif command -v podman >/dev/null; then
    podman build --quiet --format docker --isolation "${BUILDAH_ISOLATION:-chroot}" --layers=false "${arguments[@]}" .
    [ -z "${ARCHIVE:-}" ] || podman save --quiet --format oci-archive --output "$ARCHIVE" "$tag"
elif command -v docker >/dev/null; then
    docker build "${arguments[@]}" .
    [ -z "${ARCHIVE:-}" ] || docker save --output "$ARCHIVE" "$tag"
else
    echo "$0: needs buildah, podman or docker" >&2
    exit 1
fi
