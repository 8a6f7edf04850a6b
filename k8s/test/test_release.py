"""A release's commit changes the versions, and nothing else."""

import os
import subprocess

import pytest
import yaml

from support import ROOT, containers, pod_specs


def images(fork):
    return {each["image"] for _, pod in pod_specs(fork.objects("production")) for each in containers(pod)}


# The last two are numbers where nothing says otherwise.
@pytest.mark.parametrize("version", ["12.0.3", "2", "1.10"])
def test_a_version_reaches_every_container(fork, version):
    arguments = ["production", "registry.example.org:5000/me", version]
    subprocess.run([fork.root / "k8s/set-version.sh", *arguments], check=True)
    assert images(fork) == {
        f"registry.example.org:5000/me/segue-api:{version}",
        f"registry.example.org:5000/me/segue-miner:{version}",
    }
    before = fork.render("production")
    subprocess.run([fork.root / "k8s/set-version.sh", *arguments], check=True)
    assert fork.render("production") == before


def test_a_release_that_runs_again_changes_nothing(fork, tmp_path_factory):
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    script = workflow["jobs"]["deploy"]["steps"][-1]["run"]
    origin = tmp_path_factory.mktemp("origin")

    def git(*arguments, folder=fork.root):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        ran = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        return ran.stdout

    git("init", "--quiet", "--bare", folder=origin)
    git("init", "--quiet", "--initial-branch", "main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "before")
    git("remote", "add", "origin", str(origin))
    given = dict(os.environ, REGISTRY="ghcr.io/me", VERSION="1.10")
    for _ in range(2):
        subprocess.run(["bash", "-e", "-c", script], cwd=fork.root, env=given, check=True)
    assert git("log", "--format=%s", "main", folder=origin).split("\n")[:-1] == ["Deploy 1.10", "before"]
