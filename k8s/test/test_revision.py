"""No commit changes a Job under the name that it had: a cluster would refuse it, and Argo CD stop syncing.

Compares what each overlay makes now with what it made at the last commit, or, where nothing has been
changed since, at the one before. A push may bring several, and a cluster gets them as one: BEFORE_PUSH names
the commit that it has.
"""

import os
import subprocess

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


def git(root, *arguments):
    command = ["git", "-C", root, *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def former(root, before_push):
    """The commit to compare with."""
    if git(root, "status", "--porcelain", "--", "k8s"):
        return "HEAD"
    # There is none before the push of a new branch, and one that was forced away is not here.
    for commit in filter(None, [before_push, "HEAD~1"]):
        try:
            git(root, "rev-parse", "--verify", f"{commit}^{{commit}}")
            return commit
        except subprocess.CalledProcessError:
            pass
    return None


def test_no_commit_changes_a_job_under_its_name(tmp_path):
    commit = former(ROOT, os.environ.get("BEFORE_PUSH"))
    if not commit:
        pytest.skip("there is no commit before this one")
    # Not with Python's own module: in Debian's version it lacks the filter that later ones ask for.
    subprocess.run(["tar", "-xC", tmp_path], input=git(ROOT, "archive", commit, "--", "k8s"), check=True)
    before = tmp_path / "k8s/overlays"
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


def test_several_commits_are_compared_with_what_was_there_before_their_push(fork):
    def commit(text):
        (fork.root / "k8s/base/job.yaml").write_text(text)
        git(fork.root, "add", "--all")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        git(fork.root, *who, "commit", "--quiet", "--message", text)
        return git(fork.root, "rev-parse", "HEAD").decode().strip()

    git(fork.root, "init", "--quiet")
    first = commit("# first")
    assert former(fork.root, None) is None
    commit("# second")
    commit("# third")
    assert former(fork.root, first) == first
    for unknown in (None, "", "0" * 40, "f" * 40):
        assert former(fork.root, unknown) == "HEAD~1"
    (fork.root / "k8s/base/job.yaml").write_text("# fourth")
    assert former(fork.root, first) == "HEAD"
