#!/usr/bin/env bash
# Applies an overlay where there is no Argo CD to prune: first deletes the Jobs of former overlays. Else one
# that still mines would go on, one that failed would be told of for ever, and an overlay that goes back to
# former values would find their Job done, and mine nothing. Models stay.
set -euo pipefail

[[ $# == 1 ]] || { echo "usage: k8s/apply.sh FOLDER, as in k8s/apply.sh k8s/overlays/local" >&2 && exit 64; }

rendered=$(kubectl kustomize "$1")
read -r job namespace < <(awk '
    /^---/ { kind = "" }
    /^kind:/ { kind = $2 }
    kind == "Job" && /^  name:/ { name = $2 }
    kind == "Job" && /^  namespace:/ { namespace = $2 }
    END { print name, namespace }' <<<"$rendered")
[[ -n $job ]] || { echo "error: $1: expected a Job, found none" >&2 && exit 1; }

# The label tells Jobs of an overlay from those that the watcher or a person made of the CronJob.
kubectl ${namespace:+--namespace "$namespace"} delete jobs \
    --selector app.kubernetes.io/part-of=segue,app.kubernetes.io/component=miner \
    --field-selector "metadata.name!=$job"
kubectl apply --filename - <<<"$rendered"
