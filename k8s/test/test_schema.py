"""Every overlay with every choice of components is what Kubernetes accepts, to the last field."""

import json

import kubernetes_validate
import pytest

import fields
from support import ROOT, kustomize, objects

# The oldest that Segue runs on (native sidecars), and the newest that the validator knows.
VERSIONS = ["1.29", kubernetes_validate.latest_version()]


def faults(each, version, seen):
    """What is wrong with an object. The same object in many combinations is looked at once."""
    key = version, json.dumps(each, sort_keys=True)
    if key not in seen:
        seen[key] = []
        if each["kind"] in fields.KINDS:
            seen[key] = fields.unknown(each)
        else:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            # An unknown kind raises, too: what nobody has checked is not accepted.
            except Exception as error:
                seen[key] = [f"{each['kind']} {each['metadata']['name']}: {error}"]
    return seen[key]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_combination_is_valid_to_the_last_field(rendered, version):
    seen, wrong = {}, {}
    for name, found in rendered.items():
        wrong[name] = [fault for each in found.values() for fault in faults(each, version, seen)]
    assert len(rendered) > 50
    assert not {name: faults for name, faults in wrong.items() if faults}


def test_the_root_deploys_an_overlay():
    overlays = [kustomize(path) for path in (ROOT / "k8s/overlays").iterdir()]
    assert kustomize(ROOT) in overlays


def test_a_misspelt_field_is_found(rendered):
    found = next(iter(rendered.values()))
    deployment = json.loads(json.dumps(found["Deployment", "api"]))
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    assert faults(deployment, VERSIONS[0], {})


def test_each_file_holds_one_object():
    folders = [ROOT / "k8s/base", *(ROOT / "k8s/components").iterdir(), ROOT / "k8s/argocd"]
    for path in (path for folder in folders for path in folder.glob("*.yaml")):
        assert "\n---" not in path.read_text(), path


def test_argocd_is_told_nothing_that_it_does_not_know():
    found = objects(kustomize(ROOT / "k8s/argocd"))
    assert {kind for kind, _ in found} == {"AppProject", "Application"}
    assert not [fault for each in found.values() for fault in fields.unknown(each)]
