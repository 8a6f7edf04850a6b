#!/usr/bin/env bash
# Builds both images from the binaries in a folder, looks into them, and runs both pods of the overlay `local`
# from them, as its manifests say, against a shared volume: first no model, then one, then another, while
# questions are asked; then the end. Needs root, podman and buildah, and no compiler: root may have none.
# Usage: images/test.sh FOLDER VERSION, after images/build.sh --compile FOLDER VERSION
set -euo pipefail

[[ $# == 2 ]] || { echo "usage: images/test.sh FOLDER VERSION" >&2 && exit 64; }
binaries=$(realpath "$1") tag=$2
cd "$(dirname "$0")/.."

[[ $EUID == 0 ]] || { echo "error: podman's networks and volumes are looked into: run as root" >&2 && exit 1; }
for program in podman buildah nsenter curl; do
    command -v "$program" >/dev/null || { echo "error: $program is not installed" >&2 && exit 1; }
done

work=$(mktemp -d)
prefix=segue-test-$$
export REGISTRY=localhost/$prefix
export ENGINE=buildah
# crun refuses some machines' control groups, and systemd is not everywhere.
export CONTAINERS_CONF=$work/containers.conf
cat >"$CONTAINERS_CONF" <<CONF
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
CONF
api=$REGISTRY/segue-api:$tag miner=$REGISTRY/segue-miner:$tag

leave() {
    local code=$?
    trap - EXIT
    if ((code != 0)); then
        podman logs "$prefix-api-api" 2>&1 | tail -n 20 || true
        podman logs "$prefix-api-watcher" 2>&1 | tail -n 20 || true
        podman logs "$prefix-miner-miner" 2>&1 | tail -n 20 || true
    fi
    rm -f "$work/asking"
    wait
    podman pod rm --force --time 0 "$prefix-api" "$prefix-miner" >/dev/null 2>&1 || true
    podman volume ls --quiet --filter "name=$prefix" | xargs --no-run-if-empty podman volume rm --force >/dev/null
    podman rmi --force "$api" "$miner" >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$code"
}
trap leave EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
same() { # WHAT EXPECTED FOUND
    [[ $2 == "$3" ]] || fail "$1: expected $2, found $3"
    echo "ok: $1"
}
await() { # SECONDS WHAT COMMAND...
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || fail "$what: not within the time allowed"
        sleep 0.2
    done
    echo "ok: $what"
}

images/build.sh --assemble "$binaries" "$tag"

# --- What is in them -----------------------------------------------------------------------------------

files() { # IMAGE
    local container mounted
    container=$(buildah from --pull-never "$1")
    mounted=$(buildah mount "$container")
    (cd "$mounted" && find . -type f -o -type l) | sort | tr '\n' ' '
    buildah rm "$container" >/dev/null
}
same "the API's image holds two programs and the authorities" \
    "./etc/ssl/certs/ca-certificates.crt ./segue-api ./segue-watcher " "$(files "$api")"
same "the miner's image holds one program and the authorities" \
    "./etc/ssl/certs/ca-certificates.crt ./segue-miner " "$(files "$miner")"
for image in "$api" "$miner"; do
    same "$image runs as nobody in particular" 65532:65532 \
        "$(podman image inspect --format '{{.Config.User}}' "$image")"
done
once() { podman run --rm --network none --read-only --cap-drop all "$@"; }
same "the API's version is the tag" "segue-api $tag" "$(once "$api" --version)"
same "the watcher's, too" "segue-watcher $tag" "$(once --entrypoint /segue-watcher "$api" --version)"
same "the miner's, too" "segue-miner $tag" "$(once "$miner" --version)"

# --- The pods ------------------------------------------------------------------------------------------

programs=$(.ci/venv k8s-test k8s/test/requirements.txt)
"$programs/kubectl" kustomize k8s/overlays/local | "$programs/python" images/test/play.py "$prefix" "$api" "$miner" "$work"

# Pods have no network but their own: questions are asked from inside it.
play() { # NAME
    podman play kube --network none "$work/$1.yaml" >/dev/null
}
inside() { nsenter --target "$process" --net -- curl --silent --max-time 10 "$@"; }
status() { inside --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:30502/$1"; }
status_is() { [[ $(status "$1") == "$2" ]]; }
ask() {
    inside --include --data '{"songs": ["Yesterday"]}' http://127.0.0.1:30502/api/recommend
}
model() { [[ $(ask) =~ x-segue-model:\ ([0-9a-f]+) ]] && echo "${BASH_REMATCH[1]}"; }
other_model() { [[ $(model) != "$1" ]]; }

play api
process=$(podman inspect --format '{{.State.Pid}}' "$prefix-api-api")
await 20 "the API is alive without a model" status_is healthz 200
same "and not ready" 503 "$(status readyz)"

mine() {
    play miner
    same "the miner ends well" 0 "$(podman wait "$prefix-miner-miner")"
}
mine
await 20 "the API is ready with the first model" status_is readyz 200
first=$(model)
[[ $(ask) == *"\"version\":\"$tag\""* ]] || fail "answers name another version: $(ask)"
echo "ok: answers name the tag as their version"

touch "$work/asking"
while [[ -e $work/asking ]]; do
    status api/model >>"$work/answers"
    echo >>"$work/answers"
done &
# Another parameter makes another model of the same dataset.
podman pod rm --force "$prefix-miner" >/dev/null
sed -i 's/--min-support=.*/--min-support=5%/' "$work/miner.yaml"
mine
await 20 "another model is taken without a restart" other_model "$first"
rm "$work/asking"
wait
same "every question was answered meanwhile" 200 "$(sort -u "$work/answers")"
same "and nothing has ended" "running running" \
    "$(podman inspect --format '{{.State.Status}}' "$prefix-api-api" "$prefix-api-watcher" | xargs)"

podman kill --signal TERM "$prefix-api-api" >/dev/null
await 3 "told to stop, the API is not ready" status_is readyz 503
same "but answers" 200 "$(status api/model)"
same "and ends well" 0 "$(podman wait "$prefix-api-api")"
podman kill --signal TERM "$prefix-api-watcher" >/dev/null
same "so does the watcher" 0 "$(podman wait "$prefix-api-watcher")"
