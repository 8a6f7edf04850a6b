#!/usr/bin/env bash
# Builds both images with docker, podman or buildah, whichever is there and works.
set -euo pipefail

usage() {
    cat <<USAGE
usage: images/build.sh [--host] TAG

Builds segue-api:TAG and segue-miner:TAG; TAG is also the version that answers report.

  --host    compile here, statically, and assemble the images from the binaries: needs no base image

Environment:
  REGISTRY  goes before the names, as in REGISTRY=ghcr.io/me
  ENGINE    docker, podman or buildah
  PROFILE   with --host: the cargo profile (default: release)
USAGE
}

host=false
while [[ ${1:-} == -* ]]; do
    case $1 in
    --host) host=true ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 64 ;;
    esac
    shift
done
[[ $# == 1 ]] || { usage >&2 && exit 64; }
tag=$1
[[ $tag != latest ]] || { echo "error: a tag names a version; latest names none" >&2 && exit 64; }
cd "$(dirname "$0")/.."

# A docker client without a daemon is common: what counts is whether it works.
engine() {
    if [[ -n ${ENGINE:-} ]]; then
        echo "$ENGINE"
    elif docker info >/dev/null 2>&1; then
        echo docker
    elif command -v podman >/dev/null; then
        echo podman
    elif command -v buildah >/dev/null; then
        echo buildah
    else
        echo "error: none of docker, podman and buildah works here" >&2
        return 1
    fi
}
engine=$(engine)

build() { # NAME CONTEXT ARGUMENT...
    local name=$1 context=$2
    shift 2
    local image="${REGISTRY:+$REGISTRY/}segue-$name:$tag"
    "$engine" build --file "images/$name.Containerfile" --tag "$image" "$@" \
        --label "org.opencontainers.image.title=segue-$name" \
        --label "org.opencontainers.image.version=$tag" \
        --label "org.opencontainers.image.revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
        "$context"
    echo "built $image"
}

if $host; then
    profile=${PROFILE:-release}
    target=$(rustc --print host-tuple)
    SEGUE_VERSION=$tag RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
        cargo build --locked --profile "$profile" --target "$target" \
        -p segue-api -p segue-watcher -p segue-miner
    # Cargo calls the folder of the profile `dev` debug.
    folder=${CARGO_TARGET_DIR:-target}/$target/${profile/#dev/debug}
    context=$(mktemp -d)
    trap 'rm -rf "$context"' EXIT
    cp "$folder"/segue-{api,watcher,miner} /etc/ssl/certs/ca-certificates.crt "$context"
    build api "$context" --build-arg BINARIES=host
    build miner "$context" --build-arg BINARIES=host
else
    build api . --build-arg SEGUE_VERSION="$tag"
    build miner . --build-arg SEGUE_VERSION="$tag"
fi
