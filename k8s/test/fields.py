"""The fields of custom resources that we write, as their definitions have them: what is not here is unknown.

The cluster drops fields that it does not know without a word, unless asked to be strict, so a misspelt one
would be lost. A dictionary lists an object's fields, a list with one element is a list of such elements,
`str`, `int` and `bool` are values, `dict` is free. Only kinds and branches that Segue has a use for.
"""

KUSTOMIZE = {
    "namePrefix": str,
    "nameSuffix": str,
    "namespace": str,
    "images": [str],
    "replicas": [{"name": str, "count": int}],
    "commonLabels": dict,
    "commonAnnotations": dict,
    "components": [str],
    "patches": [dict],
}
SOURCE = {
    "repoURL": str,
    "path": str,
    "targetRevision": str,
    "kustomize": KUSTOMIZE,
    "directory": {"recurse": bool, "include": str, "exclude": str},
    "ref": str,
    "name": str,
}
GROUP_KIND = {"group": str, "kind": str}
DESTINATION = {"server": str, "name": str, "namespace": str}
APPLICATION = {
    "project": str,
    "source": SOURCE,
    "sources": [SOURCE],
    "destination": DESTINATION,
    "syncPolicy": {
        "automated": {"enabled": bool, "prune": bool, "selfHeal": bool, "allowEmpty": bool},
        "retry": {
            "limit": int,
            "refresh": bool,
            "backoff": {"duration": str, "factor": int, "maxDuration": str},
        },
        "syncOptions": [str],
        "managedNamespaceMetadata": {"labels": dict, "annotations": dict},
    },
    "ignoreDifferences": [
        {
            "group": str,
            "kind": str,
            "name": str,
            "namespace": str,
            "jsonPointers": [str],
            "jqPathExpressions": [str],
            "managedFieldsManagers": [str],
        }
    ],
    "info": [{"name": str, "value": str}],
    "revisionHistoryLimit": int,
}
PROJECT = {
    "description": str,
    "sourceRepos": [str],
    "sourceNamespaces": [str],
    "destinations": [DESTINATION],
    "clusterResourceWhitelist": [GROUP_KIND],
    "clusterResourceBlacklist": [GROUP_KIND],
    "namespaceResourceWhitelist": [GROUP_KIND],
    "namespaceResourceBlacklist": [GROUP_KIND],
    "orphanedResources": {"warn": bool, "ignore": [{"group": str, "kind": str, "name": str}]},
    "roles": [{"name": str, "description": str, "policies": [str], "groups": [str]}],
}
SELECTOR = {"matchLabels": dict, "matchExpressions": [dict]}
ENDPOINT = {
    "port": str,
    "path": str,
    "scheme": str,
    "interval": str,
    "scrapeTimeout": str,
    "honorLabels": bool,
    "relabelings": [dict],
    "metricRelabelings": [dict],
}
RULE = {
    "alert": str,
    "record": str,
    "expr": str,
    "for": str,
    "keep_firing_for": str,
    "labels": dict,
    "annotations": dict,
}
KINDS = {
    "Application": ("argoproj.io/v1alpha1", APPLICATION),
    "AppProject": ("argoproj.io/v1alpha1", PROJECT),
    "ServiceMonitor": (
        "monitoring.coreos.com/v1",
        {"selector": SELECTOR, "namespaceSelector": dict, "endpoints": [ENDPOINT], "jobLabel": str},
    ),
    "PodMonitor": (
        "monitoring.coreos.com/v1",
        {"selector": SELECTOR, "namespaceSelector": dict, "podMetricsEndpoints": [ENDPOINT]},
    ),
    "PrometheusRule": (
        "monitoring.coreos.com/v1",
        {"groups": [{"name": str, "interval": str, "rules": [RULE]}]},
    ),
}
METADATA = {"name": str, "namespace": str, "labels": dict, "annotations": dict, "finalizers": [str]}


def unknown(each):
    """What an object of one of the kinds above has that its definition does not."""
    version, spec = KINDS[each["kind"]]
    shape = {"apiVersion": str, "kind": str, "metadata": METADATA, "spec": spec}
    wrong = list(differences(each, shape, each["kind"]))
    if each["apiVersion"] != version:
        wrong.append(f"{each['kind']}: apiVersion is {each['apiVersion']}, not {version}")
    return wrong


def differences(value, shape, path):
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{path}: expected an object, found {value!r}"
            return
        for key, inner in value.items():
            if key not in shape:
                yield f"{path}.{key}: unknown"
            else:
                yield from differences(inner, shape[key], f"{path}.{key}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{path}: expected a list, found {value!r}"
            return
        for number, inner in enumerate(value):
            yield from differences(inner, shape[0], f"{path}[{number}]")
    # In Python a bool is an int; in a manifest it is not.
    elif not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        yield f"{path}: expected {shape.__name__}, found {value!r}"
