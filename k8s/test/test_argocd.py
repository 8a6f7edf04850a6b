"""The Application and its project fit the overlay that they deploy."""

import pytest

from support import OVERLAYS, ROOT, Fork, free, kustomize, objects

# Those of https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ that an Application can have.
SYNC_OPTIONS = {
    "ApplyOutOfSyncOnly",
    "CreateNamespace",
    "FailOnSharedResource",
    "Force",
    "PruneLast",
    "PrunePropagationPolicy",
    "Replace",
    "RespectIgnoreDifferences",
    "ServerSideApply",
    "SkipDryRunOnMissingResource",
    "Validate",
}
# Each makes a Job run again at every sync, or a rollout wait for a Job.
HARMFUL = {"Force", "PruneLast", "Replace"}


@pytest.fixture(scope="module")
def argocd():
    found = objects(kustomize(ROOT / "k8s/argocd"))
    return found["Application", "segue"]["spec"], found["AppProject", "segue"]["spec"]


def test_the_application_follows_git_by_itself(argocd):
    application, _ = argocd
    policy = application["syncPolicy"]
    assert policy["automated"] == {"prune": True, "selfHeal": True}
    assert policy["retry"]["limit"] > 0
    options = {option.partition("=")[0] for option in policy["syncOptions"]}
    assert options <= SYNC_OPTIONS
    assert not options & HARMFUL


def test_the_application_is_allowed_what_it_asks_for(argocd):
    application, project = argocd
    assert application["project"] == "segue"
    assert application["source"]["repoURL"] in project["sourceRepos"]
    assert application["destination"] in project["destinations"]
    folder = ROOT / application["source"]["path"]
    namespaces = {each["metadata"].get("namespace") for each in objects(kustomize(folder)).values()}
    assert namespaces == {application["destination"]["namespace"]}


def test_the_project_allows_exactly_the_kinds_that_there_are(argocd, tmp_path):
    _, project = argocd
    fork = Fork(tmp_path)
    needed = set()
    for overlay in OVERLAYS:
        fork.choose(overlay, free(overlay))
        for each in fork.objects(overlay).values():
            group, slash, _ = each["apiVersion"].rpartition("/")
            needed.add((group, each["kind"]))
    allowed = {(each["group"], each["kind"]) for each in project["namespaceResourceWhitelist"]}
    assert allowed == needed


def test_what_the_cluster_fills_in_is_no_drift():
    """In lists that are replaced as a whole, every field with a default has to be said."""
    found = objects(kustomize(ROOT / "k8s/overlays/production"))
    job = next(each for (kind, _), each in found.items() if kind == "Job")
    for rule in job["spec"]["podFailurePolicy"]["rules"]:
        assert all("status" in condition for condition in rule.get("onPodConditions", []))
    for volume in found["Deployment", "api"]["spec"]["template"]["spec"]["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for item in source.get("downwardAPI", {}).get("items", []):
                assert item["fieldRef"]["apiVersion"] == "v1"
    for (kind, _), each in found.items():
        if kind == "NetworkPolicy":
            rules = each["spec"].get("ingress", []) + each["spec"].get("egress", [])
            assert all("protocol" in port for rule in rules for port in rule["ports"])
