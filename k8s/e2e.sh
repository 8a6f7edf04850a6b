#!/usr/bin/env bash
# Deploys Segue to a real cluster and changes everything about it while people ask: size, code, dataset, the
# dataset's content; breaks a model, goes back, kills pods. Every request must be answered. Needs a
# kubeconfig whose user may create namespaces (and a volume, where the cluster has no default class for
# them), the two images' names, and kubectl, curl, awk and gzip; nothing in the cluster but what it creates.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: k8s/e2e.sh [OPTION]... API_IMAGE MINER_IMAGE

The cluster must be able to run both images, pulled or there already; each is NAME:TAG.

  --next-api IMAGE      another version of the API to roll out; without it, a restart stands in for new code
  --storage-class NAME  for the models (default: the cluster's own, or a folder on one node, used as root)
  --access-mode MODE    of that class (default: ReadWriteOnce, for pods that share a node)
  --user UID            who the pods run as
  --url URL             where this machine reaches the Service (default: found out)
  --namespace NAME      created, and deleted in the end (default: segue-e2e-PID)
  --keep                leave everything in place in the end

If segue-loadtest is on the PATH, it sends its load, too: kept-alive connections beside curl's new ones.
USAGE
}

next_api='' class='' mode=ReadWriteOnce user='' url='' namespace=segue-e2e-$$ keep=false
while [[ ${1:-} == -* ]]; do
    case $1 in
    --next-api) next_api=$2 && shift ;;
    --storage-class) class=$2 && shift ;;
    --access-mode) mode=$2 && shift ;;
    --user) user=$2 && shift ;;
    --url) url=${2%/} && shift ;;
    --namespace) namespace=$2 && shift ;;
    --keep) keep=true ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 64 ;;
    esac
    shift
done
[[ $# == 2 && $1 == *:* && $2 == *:* ]] || { usage >&2 && exit 64; }
api=$1 miner=$2

repo=$(cd "$(dirname "$0")/.." && pwd)
work=$repo/target/e2e/$namespace
kubectl() { command kubectl --namespace "$namespace" "$@"; }

now() { echo "${EPOCHREALTIME/[.,]/}"; } # microseconds since 1970
say() { printf '%(%H:%M:%S)T %s\n' -1 "$*"; }
fail() {
    say "FAILED: $*"
    exit 1
}

step='' begun=0
begin() {
    step=$1 begun=$(now)
    echo "$step" >"$work/step"
    say "== $step"
}
# The step's line of the closing table: how long it took, and what became of the questions asked meanwhile.
end() {
    local took=$((($(now) - begun) / 1000000))
    printf '%-42s %5d s %8d %8d\n' "$step" "$took" "$(answers "$begun" | wc -l)" \
        "$(answers "$begun" | awk '$2 != 200' | wc -l)" | tee -a "$work/table"
}

# Waits until a command succeeds, asking it every second.
await() { # SECONDS WHAT COMMAND...
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || fail "$what: not within the time allowed"
        sleep 1
    done
}

# shellcheck source=k8s/e2e/people.sh
source "$repo/k8s/e2e/people.sh"
# shellcheck source=k8s/e2e/cluster.sh
source "$repo/k8s/e2e/cluster.sh"

tell_all() {
    say "what there is, in $work/state:"
    {
        kubectl get all,persistentvolumeclaims,configmaps,events --output wide
        kubectl describe pods,jobs
        kubectl logs deployment/api --all-containers --prefix --tail 200
        kubectl logs --selector app.kubernetes.io/component=miner --prefix --tail 50
    } >"$work/state" 2>&1 || true
    kubectl get pods,jobs --output wide || true
    [[ ! -s $work/failures ]] || head -n 5 "$work/failures"
}

leave() {
    local code=$?
    trap - EXIT
    stop_asking
    ((code == 0)) || tell_all
    xargs --no-run-if-empty kill <"$work/children" 2>/dev/null || true
    if ! $keep; then
        kubectl delete namespace "$namespace" --wait=false >/dev/null 2>&1 || true
        kubectl delete persistentvolume "$namespace" --ignore-not-found --wait=false >/dev/null 2>&1 || true
    fi
    exit "$code"
}

install() {
    begin "install: no model, then the first"
    kubectl create namespace "$namespace" >>"$work/applied"
    write_overlay
    apply
    await_job "$(git_job)"
    rolled_out
    reach
    say "asking at $url"
    local answer field
    answer=$(ask) || fail "the first question: $answer"
    for field in songs version model_date; do
        [[ $answer == *"\"$field\":"* ]] || fail "no $field in the answer: $answer"
    done
    start_asking
    await 30 "answers from both pods" answered_by 2
    end
}

resize() { # COUNT
    begin "size: $1 pods"
    local before
    before=$(jobs)
    set_size "$1"
    apply
    rolled_out
    await 60 "answers from $1 pods" answered_by "$1"
    [[ $(jobs) == "$before" ]] || fail "another size made another Job"
    end
}

roll() {
    begin "code: a new version"
    local before old
    before=$(jobs) old=$(instances)
    if [[ -n $next_api ]]; then
        set_api "$next_api"
        apply
    else
        kubectl rollout restart deployment/api >>"$work/applied"
    fi
    rolled_out
    await 90 "answers from new pods only" answered_by_none_of "$old"
    [[ $(jobs) == "$before" ]] || fail "new code made another Job"
    end
}

change_dataset() {
    begin "dataset: another one"
    local before job old
    before=$(pods) job=$(git_job) old=$(models)
    set_value DATASET_ID second
    set_value DATASET_URL file:///sample/second.csv.gz
    [[ $(git_job) != "$job" ]] || fail "another dataset has the same Job"
    apply
    await_job "$(git_job)"
    await 60 "answers from the new model only" one_model_but "$old"
    [[ $(pods) == "$before" ]] || fail "another dataset restarted pods"
    end
}

change_content() {
    begin "dataset: new content behind its URL"
    local before jobs_before old
    before=$(pods) jobs_before=$(jobs) old=$(models)
    # More playlists of the same songs: with others, the miner would refuse it.
    dataset second 440 >"$work/k8s/components/sample-dataset/second.csv.gz"
    apply
    # The kubelet brings a changed ConfigMap within two minutes; then the watcher sees and the miner mines.
    await 300 "answers from a model of the new content" one_model_but "$old"
    local created
    created=$(comm -13 <(echo "$jobs_before") <(jobs))
    [[ $(wc -l <<<"$created") == 1 && -n $created ]] || fail "expected one new Job, found: $created"
    [[ $(pods) == "$before" ]] || fail "new content restarted pods"
    end
}

# With nothing but the miner's image, which has no shell: mounting an empty folder where model files are
# kept loses the file that CURRENT then names; mounting a file where that one should be leaves an empty one
# in its place (whoever mounts has to make a mount point). Neither may be served, nor harm what is, and pods
# that start meanwhile have to find the model before.
break_model() {
    begin "model: lost, then broken"
    local good bad
    good=$(models)
    run_miner lost '[
        {"op": "add", "path": "/spec/template/spec/volumes/-", "value": {"name": "nowhere", "emptyDir": {}}},
        {"op": "add", "path": "/spec/template/spec/containers/0/volumeMounts/-",
         "value": {"name": "nowhere", "mountPath": "/models/models"}}]'
    bad=$(kubectl logs job/lost | grep -o '"model":"[0-9a-f]\{16\}"' | tail -n 1 | cut -d '"' -f 4)
    [[ -n $bad && $bad != "$good" ]] || fail "the lost model's id is not in the miner's log"
    await 60 "a watcher that tells of the lost model" watcher_tells_of "$bad"
    run_miner broken '[
        {"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": ["--version"]},
        {"op": "add", "path": "/spec/template/spec/containers/0/volumeMounts/-",
         "value": {"name": "sample", "mountPath": "/models/models/'"$bad"'.segue", "subPath": "first.csv.gz"}}]'
    kubectl rollout restart deployment/api >>"$work/applied"
    rolled_out
    [[ $(models) == "$good" ]] || fail "the last good model is not served any more, but $(models)"
    end
    begin "model: back to the good one"
    run_miner back '[{"op": "replace", "path": "/spec/template/spec/containers/0/args",
        "value": ["promote", "'"$good"'", "--models=/models"]}]'
    [[ $(models) == "$good" ]] || fail "$(models) is served, not $good"
    end
}

kill_pods() {
    begin "pods: each killed in turn"
    local pod
    for pod in $(kubectl get pods --selector app.kubernetes.io/component=api --output name); do
        kubectl delete "$pod" >>"$work/applied"
        rolled_out
    done
    end
}

mkdir -p "$work"
for file in applied children failures; do : >"$work/$file"; done
trap leave EXIT
trap 'exit 130' INT TERM
start=$(now)
install
resize 4
resize 2
roll
change_dataset
change_content
break_model
kill_pods
stop_asking

printf '\n%-42s %7s %8s %8s\n' step took answers failed
cat "$work/table"
failed=$(answers "$start" | awk '$2 != 200' | wc -l)
total=$(answers "$start" | wc -l)
((failed == 0)) || fail "$failed of $total questions were not answered: $work/failures"
case $loadtest_code in
0) ;;
3) say "segue-loadtest could not keep its schedule on this machine: its figures count for nothing" ;;
*) fail "segue-loadtest: exit code $loadtest_code: $(tail -n 20 "$work/loadtest.log")" ;;
esac
say "PASSED: all of $total questions were answered"
