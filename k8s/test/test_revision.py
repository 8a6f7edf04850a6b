"""No commit changes a Job under the name that it had: a cluster would refuse it, and Argo CD stop syncing.

Compares what each overlay makes now with what it made at the last commit, or, where nothing has been
changed since, at the one before.
"""

import io
import subprocess
import tarfile

import pytest

from support import ROOT, kustomize, objects, only


def immutable(job):
    """The part of a Job that can't be changed."""
    changeable = {"parallelism", "suspend", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"}
    return {key: value for key, value in job["spec"].items() if key not in changeable}


def clash(before, after):
    """The name that two different Jobs have, if they do."""
    name = after["metadata"]["name"]
    if before["metadata"]["name"] == name and immutable(before) != immutable(after):
        return name
    return None


def git(*arguments):
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def former(folder):
    """The folder with the manifests of the commit to compare with."""
    changed = git("status", "--porcelain", "--", "k8s")
    try:
        commit = git("rev-parse", "--verify", "HEAD" if changed else "HEAD~1").decode().strip()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"there is no commit before this one: {error}")
    archive = git("archive", commit, "--", "k8s")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def test_no_commit_changes_a_job_under_its_name(tmp_path):
    before = former(tmp_path) / "k8s/overlays"
    for overlay in sorted(path.name for path in before.iterdir()):
        if not (ROOT / "k8s/overlays" / overlay).exists():
            continue
        jobs = [
            only(objects(kustomize(root / overlay)), "Job") for root in (before, ROOT / "k8s/overlays")
        ]
        name = clash(*jobs)
        assert not name, f"{overlay}: {name} changed: raise JOB_REV in its dataset.env"


def test_a_change_under_a_name_is_found(fork):
    before = only(fork.objects("ds1"), "Job")
    path = fork.root / "k8s/base/job.yaml"
    path.write_text(path.read_text().replace("cpu: 500m", "cpu: 700m"))
    changed = only(fork.objects("ds1"), "Job")
    assert clash(before, changed) == before["metadata"]["name"]
    fork.set("ds1", JOB_REV="3")
    assert clash(before, only(fork.objects("ds1"), "Job")) is None
    assert clash(changed, changed) is None
