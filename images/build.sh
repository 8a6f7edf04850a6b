#!/usr/bin/env bash
# Builds both images with docker, podman or buildah, whichever is there and works.
set -euo pipefail

usage() {
    cat <<USAGE
usage: images/build.sh [--host | --compile FOLDER | --assemble FOLDER] TAG

Builds segue-api:TAG and segue-miner:TAG; TAG is also the version that answers report.

  --host             compile here, statically, and assemble the images from the binaries: needs no base image
  --compile FOLDER   only the first half of that: what the images hold is put into FOLDER
  --assemble FOLDER  only the second half, from FOLDER: needs no compiler, which root may not have

Environment:
  REGISTRY  goes before the names, as in REGISTRY=ghcr.io/me
  ENGINE    docker, podman or buildah
  PROFILE   where it compiles here: the cargo profile (default: release)
USAGE
}

mode=image folder=''
while [[ ${1:-} == -* ]]; do
    case $1 in
    --host) mode=host ;;
    --compile | --assemble)
        (($# > 1)) || { usage >&2 && exit 64; }
        mode=${1#--} folder=$(realpath -m "$2")
        shift
        ;;
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

compile() { # FOLDER
    local profile=${PROFILE:-release} target
    target=$(rustc --print host-tuple)
    SEGUE_VERSION=$tag RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
        cargo build --locked --profile "$profile" --target "$target" \
        -p segue-api -p segue-watcher -p segue-miner
    # Cargo calls the folder of the profile `dev` debug.
    install -D -t "$1" "${CARGO_TARGET_DIR:-target}/$target/${profile/#dev/debug}"/segue-{api,watcher,miner} \
        /etc/ssl/certs/ca-certificates.crt
}

assemble() { # FOLDER
    build api "$1" --build-arg BINARIES=host
    build miner "$1" --build-arg BINARIES=host
}

[[ $mode == compile ]] || engine=$(engine)
case $mode in
compile) compile "$folder" ;;
assemble) assemble "$folder" ;;
host)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    compile "$folder"
    assemble "$folder"
    ;;
image)
    build api . --build-arg SEGUE_VERSION="$tag"
    build miner . --build-arg SEGUE_VERSION="$tag"
    ;;
esac
