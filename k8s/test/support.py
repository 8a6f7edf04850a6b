"""What the tests of the manifests share: copies of the repository's k8s folder, and what kustomize makes of it.

Not here: any expectation.
"""

import functools
import itertools
import re
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = sorted(path.name for path in (ROOT / "k8s/overlays").iterdir())
# `dataset` is no option: without it, base is not complete.
OPTIONAL = sorted(path.name for path in (ROOT / "k8s/components").iterdir() if path.name != "dataset")


def kustomize(folder):
    """What kustomize prints for a folder."""
    ran = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
    assert ran.returncode == 0, f"{folder}: {ran.stderr}"
    # A deprecated field is said on standard error, and works until it does not.
    assert not ran.stderr, f"{folder}: {ran.stderr}"
    return ran.stdout


def objects(rendered):
    """The objects of a rendered text, by kind and name."""
    # The loader in C: there are hundreds of renderings.
    found = [each for each in yaml.load_all(rendered, yaml.CSafeLoader) if each]
    keyed = {(each["kind"], each["metadata"]["name"]): each for each in found}
    assert len(keyed) == len(found), "two objects of one kind and name"
    return keyed


def only(objects, kind):
    """The one object of a kind."""
    (found,) = (each for (its_kind, _), each in objects.items() if its_kind == kind)
    return found


class Fork:
    """A copy of the manifests that can be edited as a person would."""

    def __init__(self, folder):
        self.root = folder
        shutil.copytree(ROOT / "k8s", folder / "k8s", ignore=shutil.ignore_patterns("test"))
        shutil.copy(ROOT / "kustomization.yaml", folder)

    def overlay(self, name):
        return self.root / "k8s/overlays" / name

    def render(self, name):
        return kustomize(self.overlay(name))

    def objects(self, name):
        return objects(self.render(name))

    def set(self, name, **values):
        """Changes values of an overlay's dataset.env."""
        path = self.overlay(name) / "dataset/dataset.env"
        text = path.read_text()
        for key, value in values.items():
            text, edits = re.subn(rf"(?m)^{key}=.*$", lambda _: f"{key}={value}", text)
            assert edits == 1, f"{path}: {key} is there {edits} times"
        path.write_text(text)

    def edit(self, name, change):
        """Changes an overlay's kustomization: `change` gets it as a dictionary."""
        path = self.overlay(name) / "kustomization.yaml"
        kustomization = yaml.safe_load(path.read_text())
        change(kustomization)
        path.write_text(yaml.safe_dump(kustomization))

    def choose(self, name, components):
        """Adds optional components to an overlay, before those that it has, as its files ask for."""

        def change(kustomization):
            paths = [f"../../components/{component}" for component in components]
            kustomization["components"] = paths + kustomization["components"]
            if "hpa" in components:
                kustomization.pop("replicas", None)

        self.edit(name, change)


def free(overlay):
    """The optional components that an overlay does not have itself."""
    kustomization = (ROOT / "k8s/overlays" / overlay / "kustomization.yaml").read_text()
    has = {Path(path).name for path in yaml.safe_load(kustomization)["components"]}
    return [name for name in OPTIONAL if name not in has]


def combinations():
    """Every overlay with every choice of the components that it does not have itself."""
    for overlay in OVERLAYS:
        for size in range(len(free(overlay)) + 1):
            for chosen in itertools.combinations(free(overlay), size):
                yield overlay, chosen


@functools.cache
def dataset_env(overlay):
    """The values of an overlay's dataset.env."""
    text = (ROOT / "k8s/overlays" / overlay / "dataset/dataset.env").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def pod_specs(objects):
    """The pods' specifications in rendered objects, by the owner's kind."""
    for (kind, name), each in objects.items():
        if kind in ("Deployment", "Job"):
            yield f"{kind} {name}", each["spec"]["template"]["spec"]
        elif kind == "CronJob":
            yield f"{kind} {name}", each["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(pod):
    """All containers of a pod's specification: sidecars are among the init containers."""
    return pod.get("initContainers", []) + pod["containers"]
