"""A release's commit changes the versions, and nothing else."""

import subprocess

from support import containers, pod_specs


def test_a_version_reaches_every_container(fork):
    script = fork.root / "k8s/set-version.sh"
    version = ["production", "registry.example.org:5000/me", "12.0.3"]
    subprocess.run([script, *version], check=True)
    images = {
        each["image"]
        for _, pod in pod_specs(fork.objects("production"))
        for each in containers(pod)
    }
    assert images == {
        "registry.example.org:5000/me/segue-api:12.0.3",
        "registry.example.org:5000/me/segue-miner:12.0.3",
    }
    before = fork.render("production")
    subprocess.run([script, *version], check=True)
    assert fork.render("production") == before
