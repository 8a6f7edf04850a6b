#!/usr/bin/env bash
# Checks manifests, images' files, workflows and shell scripts.
# Arguments go to pytest, as in: k8s/test/run.sh -k edits
set -euo pipefail
cd "$(dirname "$0")/../.."

programs=$(.ci/venv k8s-test k8s/test/requirements.txt)
promtool=$(.ci/unpacked prometheus)
export PATH=$programs:$promtool:$PATH
# Nothing here talks to a cluster, whatever the machine is set up for.
export KUBECONFIG=/dev/null
export PYTHONDONTWRITEBYTECODE=1

yamllint --strict --config-file k8s/test/yamllint.yaml k8s kustomization.yaml .github
hadolint images/*.Containerfile
actionlint .github/workflows/*.yml
find k8s images -name '*.sh' -print0 | xargs -0 shellcheck --external-sources
# A second opinion on the policies that test_policy.py asserts. Two of its checks are decided otherwise:
# digests instead of tags (43) would hide which version runs, and pulling an immutable tag each time (15)
# would make every start depend on the registry.
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
for overlay in k8s/overlays/*/; do
    kubectl kustomize "$overlay" >"$rendered/$(basename "$overlay").yaml"
done
checkov --directory "$rendered" --framework kubernetes --skip-download --compact --quiet \
    --skip-check CKV_K8S_43,CKV_K8S_15
pytest --quiet k8s/test "$@"
