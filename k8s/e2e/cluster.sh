# shellcheck shell=bash disable=SC2154
# Part of e2e.sh: the overlay that it edits as a person would, and what the cluster makes of it. Reads the
# options and `work`.

overlay=$work/k8s/overlays/e2e
environment=$overlay/dataset/dataset.env

# Edits the overlay as a person would.
set_value() { sed -i "s|^$1=.*|$1=$2|" "$environment"; }
set_api() { # IMAGE
    sed -i "/name: segue-api/{n;s|newName: .*|newName: ${1%:*}|;n;s|newTag: .*|newTag: \"${1##*:}\"|}" \
        "$overlay/kustomization.yaml"
}
set_size() { sed -i "s|count: .*|count: $1|" "$overlay/kustomization.yaml"; }

apply() { "$repo/k8s/apply.sh" "$overlay" >>"$work/applied"; }
git_job() {
    kubectl kustomize "$overlay" |
        awk '/^---/ { kind = "" } /^kind:/ { kind = $2 } /^  name:/ && kind == "Job" { print $2 }'
}
jobs() { kubectl get jobs --output name | sort; }
# The pods' own identities and how often their containers were restarted: the same, if nothing happened.
# Without those that are on their way out.
pods() {
    local of_each='{.metadata.deletionTimestamp}|{.metadata.uid}'
    of_each+=' {.status.containerStatuses[*].restartCount} {.status.initContainerStatuses[*].restartCount}'
    kubectl get pods --selector app.kubernetes.io/component=api --sort-by .metadata.name \
        --output jsonpath="{range .items[*]}$of_each{'\n'}{end}" | sed -n '/^|/p'
}
rolled_out() { kubectl rollout status deployment/api --timeout 300s >>"$work/applied"; }

watcher_tells_of() { [[ $(kubectl logs deployment/api --container watcher --since 10m) == *"$1"* ]]; }

finished() { # JOB
    local conditions
    conditions=$(kubectl get job "$1" --output jsonpath='{.status.conditions[?(@.status=="True")].type}')
    [[ $conditions != *Failed* ]] || fail "Job $1 failed: $(kubectl logs "job/$1" --tail 5)"
    [[ $conditions == *Complete* ]]
}
await_job() { await 300 "Job $1" finished "$1"; }

# Runs the miner's image once more: a Job from the CronJob's template, with changes (JSON patch).
run_miner() { # NAME CHANGES
    kubectl create job "$1" --from cronjob/miner-refresh --dry-run=client --output yaml |
        kubectl patch --local --filename - --type json --patch "$2" --output yaml |
        kubectl create --filename - >>"$work/applied"
    await_job "$1"
}

# A made dataset: playlists of one genre each, in which few songs are frequent; `who` tells datasets apart.
dataset() { # WHO [PLAYLISTS]
    awk -v who="$1" -v playlists="${2:-400}" 'BEGIN {
        srand(1)
        print "pid,track_name,artist_name"
        for (playlist = 0; playlist < playlists; playlist++) {
            genre = int(rand() * 8)
            for (row = 0; row < 20; row++) {
                song = 1 + int(100 * rand() ^ 3) + 100 * genre
                printf "%d,Song %d of %s,Artist %d\n", playlist, song, who, song % 40
            }
        }
    }' | gzip -n
}

image_lines() { # NAME IMAGE
    printf '  - name: %s\n    newName: %s\n    newTag: "%s"\n' "$1" "${2%:*}" "${2##*:}"
}

# An overlay of its own, in a copy of the manifests.
write_overlay() {
    mkdir -p "$work"
    cp -r "$repo/k8s" "$work/k8s"
    mkdir -p "$overlay/volume"
    cp -r "$repo/k8s/overlays/local/dataset" "$overlay/dataset"
    local sample=$work/k8s/components/sample-dataset
    dataset first >"$sample/first.csv.gz"
    dataset second >"$sample/second.csv.gz"
    sed -i 's|files: .*|files: [first.csv.gz, second.csv.gz]|' "$sample/kustomization.yaml"
    set_value DATASET_ID first
    set_value DATASET_URL file:///sample/first.csv.gz
    set_value MINER_TAG "${miner##*:}"
    cat >"$overlay/kustomization.yaml" <<OVERLAY
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: $namespace
resources: [../../base, dataset]
components: [../../components/sample-dataset, volume, ../../components/dataset]
images:
$(image_lines segue-api "$api")
  - name: segue-miner
    newName: ${miner%:*}
replicas:
  - name: api
    count: 2
patches:
  - target: {kind: Service, name: api}
    patch: '[{"op": "replace", "path": "/spec/type", "value": "NodePort"}]'
  - target: {kind: Deployment, name: api}
    # Nobody here waits the five minutes between two looks at a dataset.
    patch: '[{"op": "add", "path": "/spec/template/spec/initContainers/0/args/-", "value": "--poll-dataset=10s"}]'
OVERLAY
    write_volume
}

default_class='{.items[?(@.metadata.annotations.storageclass\.kubernetes\.io/is-default-class=="true")]'
default_class+='.metadata.name}'

# A component before the one that copies the Job's template, so that the copy has the user, too.
write_volume() {
    local root=false
    if [[ -z $class ]]; then
        class=$(kubectl get storageclass --output jsonpath="$default_class")
        class=${class%% *}
    fi
    if [[ -z $class ]]; then
        # A folder that the kubelet makes belongs to root, and fsGroup does not change that.
        class=$namespace
        [[ -n $user ]] || { user=0 && root=true; }
        create_folder_volume
    fi
    say "models: class $class, $mode, user ${user:-of the images}"
    {
        printf 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n'
        printf '  - target: {kind: PersistentVolumeClaim, name: models}\n    patch: |-\n'
        printf '      - {op: add, path: /spec/storageClassName, value: %s}\n' "$class"
        printf '      - {op: replace, path: /spec/accessModes, value: [%s]}\n' "$mode"
        [[ -n $user ]] || return 0
        printf '  - target: {kind: Deployment|Job}\n    patch: |-\n'
        local field security=/spec/template/spec/securityContext
        for field in runAsUser runAsGroup fsGroup; do
            printf '      - {op: replace, path: %s/%s, value: %s}\n' "$security" "$field" "$user"
        done
        ! $root || printf '      - {op: replace, path: %s/runAsNonRoot, value: false}\n' "$security"
    } >"$overlay/volume/kustomization.yaml"
}

nodes='{range .items[*]}{.metadata.labels.kubernetes\.io/hostname}'
nodes+=' {.spec.unschedulable} {.spec.taints[*].effect}{"\n"}{end}'

# A folder on a node, which all pods are bound to by it.
create_folder_volume() {
    local node
    node=$(kubectl get nodes --output jsonpath="$nodes" | awk '!/ true| No(Schedule|Execute)/ { print $1; exit }')
    [[ -n $node ]] || fail "no node takes pods"
    kubectl create --filename - >>"$work/applied" <<VOLUME
apiVersion: v1
kind: PersistentVolume
metadata:
  name: $namespace
spec:
  storageClassName: $class
  accessModes: [$mode]
  capacity: {storage: 2Gi}
  persistentVolumeReclaimPolicy: Retain
  claimRef: {namespace: $namespace, name: models}
  hostPath: {path: /var/lib/segue-e2e/$namespace, type: DirectoryOrCreate}
  nodeAffinity:
    required:
      nodeSelectorTerms:
        - matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [$node]}]
VOLUME
}

answers_at() { curl --silent --fail --max-time 3 --output /dev/null "$1/healthz"; }

addresses='{.items[*].status.addresses[?(@.type=="InternalIP")].address}'

# The Service, as this machine reaches it: its own address on a node, a node's port elsewhere, and through
# the API server where there is no other way.
reach() {
    local port node candidates=()
    if [[ -n $url ]]; then
        answers_at "$url" || fail "$url does not answer"
        return
    fi
    candidates+=("http://$(kubectl get service api --output jsonpath='{.spec.clusterIP}'):30502")
    port=$(kubectl get service api --output jsonpath='{.spec.ports[0].nodePort}')
    for node in $(kubectl get nodes --output jsonpath="$addresses"); do
        candidates+=("http://$node:$port")
    done
    for url in "${candidates[@]}"; do
        ! answers_at "$url" || return 0
    done
    kubectl proxy --port 0 >"$work/proxy" &
    echo $! >>"$work/children"
    await 10 "kubectl proxy" grep -q 'Starting to serve on' "$work/proxy"
    url=http://$(sed -n 's/Starting to serve on //p' "$work/proxy")/api/v1/namespaces/$namespace/services/api:http/proxy
    answers_at "$url" || fail "the Service can't be reached from here: say --url"
}
