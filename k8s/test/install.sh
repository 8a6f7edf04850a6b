#!/usr/bin/env bash
# Installs what the tests of manifests and images run, under the target folder; prints the folder of programs.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=${CARGO_TARGET_DIR:-$PWD/target}/k8s-test
wanted=$(sha256sum k8s/test/requirements.txt)
if [[ $(cat "$venv/installed" 2>/dev/null) != "$wanted" ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r k8s/test/requirements.txt >&2
    echo "$wanted" >"$venv/installed"
fi
echo "$venv/bin"
