"""Without Argo CD, what an overlay no longer has goes before what it has is applied."""

import os
import shutil
import subprocess

import pytest

from support import only

# Renders as ever; of what would reach a cluster, it notes the arguments and what was piped in.
KUBECTL = """#!/bin/sh
[ "$1" != kustomize ] || exec {kubectl} "$@"
echo "$@" >>"{folder}/told"
[ "$1" != apply ] || cat >"{folder}/applied"
"""


@pytest.fixture
def apply(fork, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kubectl")
    program = folder / "kubectl"
    program.write_text(KUBECTL.format(kubectl=shutil.which("kubectl"), folder=folder))
    program.chmod(0o755)
    path = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}")

    def run(overlay):
        subprocess.run([fork.root / "k8s/apply.sh", overlay], env=path, check=True)
        return (folder / "told").read_text().splitlines(), (folder / "applied").read_text()

    return run


def test_jobs_of_other_overlays_are_deleted_first(fork, apply):
    told, applied = apply(fork.overlay("production"))
    job = only(fork.objects("production"), "Job")["metadata"]
    labels = ",".join(f"app.kubernetes.io/{each}" for each in ("part-of=segue", "component=miner"))
    assert told == [
        f"--namespace segue delete jobs --selector {labels} --field-selector metadata.name!={job['name']}",
        "apply --filename -",
    ]
    assert applied == fork.render("production")


def test_an_overlay_without_a_namespace_goes_where_the_context_says(fork, apply):
    fork.edit("production", lambda kustomization: kustomization.pop("namespace"))
    told, _ = apply(fork.overlay("production"))
    assert told[0].startswith("delete jobs ")
