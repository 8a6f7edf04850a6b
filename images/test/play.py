"""Turns a rendered overlay into pods that `podman play kube` can run, changing only what it can't take.

Reads the overlay from standard input; writes one file for the API's pod and one for the miner's.
"""

import re
import sys

import yaml


def playable(name, owner, image, claims, values):
    """The pod that a Deployment or a Job would make. Claims that it needs besides are added to `claims`."""
    pod = owner["spec"]["template"]["spec"]
    # Podman knows no native sidecars: the watcher runs beside the API all the same.
    pod["containers"] += pod.pop("initContainers", [])
    # Nor projected volumes: without a token, the watcher can only tell of a changed dataset.
    tokens = {volume["name"] for volume in pod["volumes"] if "projected" in volume}
    pod["volumes"] = [volume for volume in pod["volumes"] if volume["name"] not in tokens]
    # What ends has ended, and is looked at.
    pod["restartPolicy"] = "Never"
    for volume in pod["volumes"]:
        # Nor empty folders, in this version: claims of nothing else serve.
        if volume.pop("emptyDir", None) is not None:
            claims.append(f"{name}-{volume['name']}")
            volume["persistentVolumeClaim"] = {"claimName": claims[-1]}
    for container in pod["containers"]:
        container["image"] = image
        container.pop("restartPolicy", None)
        # Questions come from inside, and whether it is well is asked by the test.
        for field in ("ports", "livenessProbe", "readinessProbe"):
            container.pop(field, None)
        # Limits need control groups of their own, which not every machine hands out.
        container.pop("resources", None)
        own = {each["name"]: each.get("value", "") for each in container.get("env", [])}
        container["args"] = [
            # Nor variables in arguments.
            re.sub(r"\$\((\w+)\)", lambda name: (values | own)[name[1]], arg).replace(
                "--on-dataset-change=job", "--on-dataset-change=log"
            )
            for arg in container["args"]
        ]
        container["volumeMounts"] = [
            mount for mount in container["volumeMounts"] if mount["name"] not in tokens
        ]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod}


def main(prefix, api, miner, folder):
    claims = []
    pods = {}
    objects = [each for each in yaml.safe_load_all(sys.stdin) if each]
    configs = [each for each in objects if each["kind"] == "ConfigMap"]
    (values,) = (each["data"] for each in configs if each["metadata"]["name"] == "dataset")
    for each in objects:
        if each["kind"] == "Deployment":
            pods["api"] = playable(f"{prefix}-api", each, api, claims, values)
        elif each["kind"] == "Job":
            pods["miner"] = playable(f"{prefix}-miner", each, miner, claims, values)
    # Claims and ConfigMaps become the machine's own volumes: there is no namespace to keep them apart.
    for each in configs:
        each["metadata"] = {"name": f"{prefix}-{each['metadata']['name']}"}
    for name, pod in pods.items():
        for volume in pod["spec"]["volumes"]:
            claim = volume.get("persistentVolumeClaim")
            if claim and claim["claimName"] not in claims:
                claim["claimName"] = f"{prefix}-{claim['claimName']}"
            if "configMap" in volume:
                volume["configMap"]["name"] = f"{prefix}-{volume['configMap']['name']}"
        for container in pod["spec"]["containers"]:
            for source in container.get("envFrom", []):
                source["configMapRef"]["name"] = f"{prefix}-{source['configMapRef']['name']}"
        with open(f"{folder}/{name}.yaml", "w") as file:
            yaml.safe_dump_all([*configs, pod], file)


main(*sys.argv[1:])
