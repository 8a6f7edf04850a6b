"""What every pod and every object of every combination holds to."""

import re

import pytest

from support import OVERLAYS, containers, dataset_env, kustomize, objects, only, pod_specs

# A pod's name has to fit into a label of 63 characters, and a Job's pods are called after it.
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# "miner-", "-" and the ten characters of the hash.
LONGEST_ID = 63 - 17


def every(rendered, check):
    """The faults that `check` finds, with the combinations that they are in."""
    found = {name: list(check(objects)) for name, objects in rendered.items()}
    return {name: faults for name, faults in found.items() if faults}


def every_pod(rendered, check):
    def pods(objects):
        return (f"{owner}: {why}" for owner, pod in pod_specs(objects) for why in check(pod))

    return every(rendered, pods)


def every_container(rendered, check):
    def all_of(pod):
        return (f"{each['name']}: {why}" for each in containers(pod) for why in check(each))

    return every_pod(rendered, all_of)


def test_pods_are_nobody_in_particular(rendered):
    def check(pod):
        security = pod["securityContext"]
        if security.get("runAsNonRoot") is not True:
            yield "may run as root"
        if not security.get("runAsUser") or security["runAsUser"] != security.get("runAsGroup"):
            yield "has no user and group of its own"
        if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield "may make any system call"
        if pod.get("automountServiceAccountToken") is not False:
            yield "gets a token unasked"
        if pod.get("enableServiceLinks") is not False:
            yield "gets variables from other services"
        if any(pod.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
            yield "shares the host's namespaces"
        if any("hostPath" in volume for volume in pod["volumes"]):
            yield "mounts the host's folders"

    assert not every_pod(rendered, check)


def test_containers_can_do_nothing_but_their_work(rendered):
    def check(container):
        security = container.get("securityContext", {})
        if security.get("readOnlyRootFilesystem") is not True:
            yield "may write into its image"
        if security.get("allowPrivilegeEscalation") is not False:
            yield "may gain privileges"
        if security.get("capabilities") != {"drop": ["ALL"]}:
            yield "has capabilities"
        if security.get("privileged"):
            yield "is privileged"

    assert not every_container(rendered, check)


def test_containers_say_what_they_need_and_where_it_ends(rendered):
    def check(container):
        resources = container.get("resources", {})
        for side in ("requests", "limits"):
            for what in ("cpu", "memory"):
                if what not in resources.get(side, {}):
                    yield f"has no {side} of {what}"

    assert not every_container(rendered, check)


def test_images_name_a_version(rendered):
    def check(container):
        name, _, tag = container["image"].rpartition(":")
        if not name or "/" in tag or tag in ("latest", "tag"):
            yield f"image {container['image']}"
        if container.get("imagePullPolicy") != "IfNotPresent":
            yield "pulls a version that does not change"

    assert not every_container(rendered, check)


def test_only_the_watcher_holds_a_token(rendered):
    def check(pod):
        tokens = {volume["name"] for volume in pod["volumes"] if "projected" in volume}
        for container in containers(pod):
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            if bool(tokens & mounted) != (container["name"] == "watcher"):
                yield f"{container['name']} and the token"

    assert not every_pod(rendered, check)


def test_only_the_miner_writes_models(rendered):
    def check(pod):
        for container in containers(pod):
            (models,) = (each for each in container["volumeMounts"] if each["name"] == "models")
            if models.get("readOnly", False) == (container["name"] == "miner"):
                yield container["name"]

    assert not every_pod(rendered, check)


def test_the_api_is_probed_and_the_sidecar_is_not(rendered):
    def check(objects):
        pod = objects["Deployment", "api"]["spec"]["template"]["spec"]
        (api,), (watcher,) = pod["containers"], pod["initContainers"]
        if api["readinessProbe"]["httpGet"] != {"path": "/readyz", "port": "http"}:
            yield "readiness"
        if api["livenessProbe"]["httpGet"] != {"path": "/healthz", "port": "http"}:
            yield "liveness"
        # A sidecar counts into its pod's readiness: its troubles would be the API's.
        if [field for field in watcher if field.endswith("Probe")]:
            yield "the watcher is probed"
        if watcher["restartPolicy"] != "Always":
            yield "the watcher is no sidecar"

    assert not every(rendered, check)


def seconds(flags, name):
    (value,) = (flag.split("=")[1] for flag in flags if flag.startswith(f"--{name}="))
    assert value.endswith("s")
    return int(value[:-1])


def test_a_rollout_never_has_fewer_pods_and_each_has_time_to_end(rendered):
    def check(objects):
        spec = objects["Deployment", "api"]["spec"]
        if spec["strategy"]["rollingUpdate"] != {"maxUnavailable": 0, "maxSurge": 1}:
            yield "strategy"
        pod = spec["template"]["spec"]
        (api,) = pod["containers"]
        needed = seconds(api["args"], "lame-duck") + seconds(api["args"], "drain")
        # The watcher is told to end when the API has.
        if pod["terminationGracePeriodSeconds"] < needed + 10:
            yield "the grace period is too short"

    assert not every(rendered, check)


def test_a_dataset_is_mounted_so_that_it_can_change_in_place(rendered):
    def check(objects):
        pod = objects["Deployment", "api"]["spec"]["template"]["spec"]
        (watcher,) = pod["initContainers"]
        (mount,) = (each for each in watcher["volumeMounts"] if each["name"] == "dataset")
        if "subPath" in mount or ("ConfigMap", "dataset") not in objects:
            yield "dataset"

    assert not every(rendered, check)


def test_git_drives_jobs_that_argocd_leaves_alone(rendered):
    def check(objects):
        job = only(objects, "Job")
        if "ttlSecondsAfterFinished" in job["spec"]:
            yield "a Job that vanishes is created anew, for ever"
        if "generateName" in job["metadata"]:
            yield "generateName"
        for (kind, name), each in objects.items():
            annotations = each["metadata"].get("annotations", {})
            if any("hook" in key or "sync-wave" in key for key in annotations):
                yield f"{kind} {name} is of another wave"

    assert not every(rendered, check)


def test_a_label_tells_jobs_of_git_from_those_of_the_cronjob(rendered):
    """By which k8s/apply.sh deletes the former only."""
    label = "app.kubernetes.io/part-of"

    def check(objects):
        if only(objects, "Job")["metadata"]["labels"].get(label) != "segue":
            yield "the Job lacks it"
        if label in objects["CronJob", "miner-refresh"]["spec"]["jobTemplate"]["metadata"]["labels"]:
            yield "Jobs of the CronJob have it, too"

    assert not every(rendered, check)


def test_the_refresh_template_is_the_jobs_own(rendered):
    def check(objects):
        refresh = objects["CronJob", "miner-refresh"]["spec"]
        if refresh["suspend"] is not True:
            yield "it runs by the clock"
        if refresh["jobTemplate"]["spec"] != only(objects, "Job")["spec"]:
            yield "it differs"

    assert not every(rendered, check)


def test_every_reference_is_to_something_that_is_there(rendered):
    given = {("ConfigMap", "kube-root-ca.crt")}

    def check(objects):
        there = set(objects) | given
        for owner, pod in pod_specs(objects):
            wanted = {("ServiceAccount", pod["serviceAccountName"])}
            for volume in pod["volumes"]:
                if "configMap" in volume:
                    wanted.add(("ConfigMap", volume["configMap"]["name"]))
                if "persistentVolumeClaim" in volume:
                    claim = volume["persistentVolumeClaim"]["claimName"]
                    wanted.add(("PersistentVolumeClaim", claim))
            for container in containers(pod):
                for source in container.get("envFrom", []):
                    wanted.add(("ConfigMap", source["configMapRef"]["name"]))
            yield from (f"{owner}: {kind} {name}" for kind, name in wanted - there)
        role, binding = only(objects, "Role"), only(objects, "RoleBinding")
        if binding["roleRef"]["name"] != role["metadata"]["name"]:
            yield "RoleBinding"
        for subject in binding["subjects"]:
            account = objects["ServiceAccount", subject["name"]]
            if subject.get("namespace") != account["metadata"]["namespace"]:
                yield "a ServiceAccount of a RoleBinding has no namespace"
        for rule in role["rules"]:
            for name in rule.get("resourceNames", []):
                if ("CronJob", name) not in objects:
                    yield f"Role names {name}"
        (watcher,) = only(objects, "Deployment")["spec"]["template"]["spec"]["initContainers"]
        (cronjob,) = (each["value"] for each in watcher["env"] if each["name"] == "CRONJOB")
        if ("CronJob", cronjob) not in objects:
            yield f"the watcher is told of {cronjob}"

    assert not every(rendered, check)


def test_the_watcher_may_do_what_it_does_and_no_more(rendered):
    def check(objects):
        may = {
            (resource, verb, tuple(rule.get("resourceNames", [])))
            for rule in only(objects, "Role")["rules"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        needs = {("cronjobs", "get", ("miner-refresh",)), ("jobs", "create", ()), ("jobs", "get", ())}
        if may != needs:
            yield f"{may}"

    assert not every(rendered, check)


def test_parameters_come_from_the_dataset(rendered):
    def check(objects):
        job = only(objects, "Job")
        data = objects["ConfigMap", job["metadata"]["name"]]["data"]
        (miner,) = job["spec"]["template"]["spec"]["containers"]
        for variable in re.findall(r"\$\((\w+)\)", " ".join(miner["args"])):
            if not data.get(variable):
                yield variable

    assert not every(rendered, check)


def name_faults(dataset_id):
    """Why a dataset's id can't be part of a Job's name, which kustomize does not see."""
    if not NAME.fullmatch(dataset_id):
        yield f"{dataset_id!r}: expected small letters, digits and hyphens"
    if len(dataset_id) > LONGEST_ID:
        yield f"{dataset_id!r}: longer than {LONGEST_ID} characters"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_names_are_names(overlay):
    assert not list(name_faults(dataset_env(overlay)["DATASET_ID"]))


@pytest.mark.parametrize("bad", ["", "DS1", "ds_1", "-ds1", "ds1-", "d" * 47, "ds.1"])
def test_bad_names_are_found(bad):
    assert list(name_faults(bad))


def test_the_longest_name_fits(fork):
    fork.set("ds1", DATASET_ID="d" * LONGEST_ID)
    job = only(fork.objects("ds1"), "Job")
    assert NAME.fullmatch(job["metadata"]["name"])
    assert len(job["metadata"]["name"]) == 63


def test_autoscaling_leaves_the_number_to_the_autoscaler(rendered):
    for name, objects in rendered.items():
        scaled = ("HorizontalPodAutoscaler", "api") in objects
        assert scaled != ("replicas" in objects["Deployment", "api"]["spec"]), name


def test_a_course_hands_out_a_volume_a_port_and_a_user(fork):
    course = fork.root / "k8s/components/course-volume/course.env"
    course.write_text(
        "STORAGE_CLASS=slow\nVOLUME_OWNER=somebody\nNODE_PORT=31234\nUSER_ID=1001\n"
    )
    fork.choose("ds1", ["course-volume"])
    objects = fork.objects("ds1")
    claim = objects["PersistentVolumeClaim", "models"]["spec"]
    assert claim["storageClassName"] == "slow"
    assert claim["selector"] == {"matchLabels": {"namespace": "somebody"}}
    service = objects["Service", "api"]["spec"]
    assert service["type"] == "NodePort"
    assert service["ports"][0]["nodePort"] == 31234
    for owner, pod in pod_specs(objects):
        assert pod["securityContext"]["runAsUser"] == 1001, owner
        assert pod["securityContext"]["runAsGroup"] == 1001, owner
    assert ("ConfigMap", "course") not in objects


def test_a_prefix_a_suffix_and_a_namespace_reach_every_reference(fork):
    outer = fork.root / "k8s/outer"
    outer.mkdir()
    (outer / "kustomization.yaml").write_text(
        "namespace: elsewhere\nnamePrefix: a-\nnameSuffix: -z\nresources: [../overlays/ds1]\n"
    )
    found = objects(kustomize(outer))
    job = only(found, "Job")
    (miner,) = job["spec"]["template"]["spec"]["containers"]
    name = miner["envFrom"][0]["configMapRef"]["name"]
    assert ("ConfigMap", name) in found
    assert job["metadata"]["name"] == name
    assert {each["metadata"]["namespace"] for each in found.values()} == {"elsewhere"}
    test_every_reference_is_to_something_that_is_there({"outer": found})
