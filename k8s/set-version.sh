#!/usr/bin/env bash
# Writes a version of both images into an overlay, as a release does and a person could.
set -euo pipefail

[[ $# == 3 ]] || { echo "usage: k8s/set-version.sh OVERLAY REGISTRY VERSION" >&2 && exit 64; }
overlay=$(dirname "$0")/overlays/$1 registry=$2 version=$3

# The API's tag is an image's, in quotes, as 2 and 1.10 are numbers without; the miner's is a value of the
# dataset, as a new miner mines again.
sed -i -e "s|newName: .*/\(segue-[a-z]*\)$|newName: $registry/\1|" \
    -e "s|newTag: .*|newTag: \"$version\"|" "$overlay/kustomization.yaml"
sed -i "s|^MINER_TAG=.*|MINER_TAG=$version|" "$overlay/dataset/dataset.env"
