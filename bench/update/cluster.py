"""A stand-in for the cluster: keeps real processes as an overlay says, behind a real balancer.

What Kubernetes does to Segue's Deployment, Service and Job is done here to processes of this machine, by
the same rules and with the numbers of k8s/base: one pod more at a time (maxSurge 1), none less
(maxUnavailable 0), a probe of /readyz every two seconds, five seconds of grace for a new pod
(minReadySeconds), SIGTERM and leaving the balancer at the same moment. The balancer is HAProxy in TCP mode:
like a Service it balances connections and leaves each with its pod.

Not here: image pulls, scheduling, Argo CD's look at Git, the kubelet's delay in updating a mounted
ConfigMap. They come on top in a cluster, and they are the same whatever the service does.
"""

import http.client
import itertools
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import threading
import time

MIN_READY_SECONDS = 5
PROBE_SECONDS = 2
MAX_SURGE = 1
# More than are ever there at once: wanted ones, one more, and those that are ending.
SLOTS = 12
TICK = 0.05
VALUES = {"DATASET_ID", "DATASET_URL", "DATASET_SHA256",
          "MIN_SUPPORT", "MIN_CONFIDENCE", "MAX_LENGTH", "MINER_TAG"}

HAPROXY = """\
global
    stats socket {socket} mode 600 level admin
    maxconn 4000
defaults
    mode tcp
    timeout connect 2s
    timeout client 2m
    timeout server 2m
frontend service
    bind 127.0.0.1:{port}
    default_backend pods
backend pods
    balance roundrobin
    server-template pod 1-{slots} 127.0.0.1:9 disabled
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Balancer:
    """HAProxy, whose servers are the pods' slots."""

    def __init__(self, folder):
        self.port = free_port()
        self.socket = folder / "haproxy.sock"
        config = folder / "haproxy.cfg"
        config.write_text(HAPROXY.format(socket=self.socket, port=self.port, slots=SLOTS))
        log = folder / "haproxy.log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", config], stdout=out, stderr=out)
        while not self.socket.exists():
            if self.process.poll() is not None:
                raise SystemExit(f"haproxy: ended at once:\n{log.read_text()}")
            time.sleep(TICK)
        self.free = list(range(1, SLOTS + 1))

    def tell(self, *commands):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.socket))
            line.sendall(("; ".join(commands) + "\n").encode())
            while line.recv(4096):
                pass

    def add(self, port):
        slot = self.free.pop(0)
        server = f"pods/pod{slot}"
        self.tell(f"set server {server} addr 127.0.0.1 port {port}",
                  f"set server {server} state ready")
        return slot

    def drain(self, slot):
        """No new connections; those that are there stay, as in a Service."""
        self.tell(f"set server pods/pod{slot} state drain")

    def remove(self, slot):
        self.tell(f"set server pods/pod{slot} state maint")
        self.free.append(slot)


class Pod:
    """An API and its watcher, with a socket between them."""

    def __init__(self, tag, cluster):
        self.tag, self.name = tag, f"api-{secrets.token_hex(2)}-{secrets.token_hex(3)[:5]}"
        self.port, self.slot = free_port(), None
        self.ready_since, self.probed, self.stopping = None, 0.0, False
        folder = cluster.folder / self.name
        folder.mkdir()
        admin, log = folder / "api.sock", open(folder / "log", "wb")
        programs = cluster.programs / tag
        common = dict(stdout=log, stderr=log, env=dict(os.environ, POD_NAME=self.name))
        self.api = subprocess.Popen(
            [programs / "segue-api", f"--models={cluster.models}", f"--admin-socket={admin}",
             f"--listen=127.0.0.1:{self.port}", "--lame-duck=5s", "--drain=20s"], **common)
        self.watcher = subprocess.Popen(
            [programs / "segue-watcher", f"--models={cluster.models}", f"--admin-socket={admin}",
             f"--dataset-config={cluster.dataset}"], **common)

    def probe(self):
        if time.monotonic() - self.probed < PROBE_SECONDS:
            return
        self.probed = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            ready = connection.getresponse().status == 200
        except OSError:
            ready = False
        finally:
            connection.close()
        if not ready:
            self.ready_since = None
        elif self.ready_since is None:
            self.ready_since = time.monotonic()

    def available(self):
        since = self.ready_since
        return since is not None and time.monotonic() - since >= MIN_READY_SECONDS

    def stop(self):
        self.stopping = True
        self.api.send_signal(signal.SIGTERM)

    def ended(self):
        """Whether both processes have; a sidecar is told to stop when its API is gone."""
        if self.api.poll() is None:
            return False
        if self.watcher.poll() is None:
            self.watcher.terminate()
            self.watcher.wait(timeout=30)
        return True


def wanted(overlay):
    """The tag, the count and the dataset's values that an overlay says; nothing where one is missing or its
    line has no end: segue-loadtest writes files in place, and one can be met half written."""
    text = (overlay / "kustomization.yaml").read_text()
    tag = re.search(r"newTag: *\"?([^\s\"]+)\"?\s", text)
    count = re.search(r"count: *(\d+)\s", text)
    lines = (overlay / "dataset" / "dataset.env").read_text().splitlines(keepends=True)
    values = dict(line.rstrip("\n").split("=", 1) for line in lines
                  if "=" in line and line.endswith("\n") and not line.startswith("#"))
    if tag and count and VALUES <= values.keys():
        return tag[1], int(count[1]), values
    return None


class Cluster:
    """Compares what runs with what the overlay says, and does what brings them closer."""

    def __init__(self, overlay, programs, folder):
        self.overlay, self.programs, self.folder = overlay, programs, folder
        self.models, self.dataset = folder / "models", folder / "dataset"
        self.models.mkdir(parents=True)
        self.dataset.mkdir()
        self.balancer = Balancer(folder)
        self.pods, self.mined, self.job = [], None, None
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.balancer.port}"

    def run(self):
        while not self.stopped.wait(TICK):
            found = wanted(self.overlay)
            if found:
                tag, count, values = found
                self.mine(values)
                self.reconcile(tag, count)

    def mine(self, values):
        """The Job, which follows its parameters; and the ConfigMap that watchers read."""
        if values == self.mined:
            return
        self.mined = values
        for key in ("DATASET_ID", "DATASET_URL", "DATASET_SHA256"):
            fresh = self.dataset / f".{key}"
            fresh.write_text(values[key])
            fresh.rename(self.dataset / key)
        log = open(self.folder / "miner.log", "ab")
        self.job = subprocess.Popen(
            [self.programs / values["MINER_TAG"] / "segue-miner", "mine",
             f"--models={self.models}", f"--min-support={values['MIN_SUPPORT']}",
             f"--min-confidence={values['MIN_CONFIDENCE']}",
             f"--max-length={values['MAX_LENGTH']}"],
            stdout=log, stderr=log, env=dict(os.environ, **values))

    def reconcile(self, tag, count):
        for pod in [pod for pod in self.pods if pod.ended()]:
            self.leave(pod)
            self.pods.remove(pod)
        living = [pod for pod in self.pods if not pod.stopping]
        for pod in living:
            pod.probe()
            if pod.ready_since and pod.slot is None:
                pod.slot = self.balancer.add(pod.port)
        new = [pod for pod in living if pod.tag == tag]
        old = [pod for pod in living if pod.tag != tag]
        most = count + MAX_SURGE if old else count
        for _ in range(min(count - len(new), most - len(living))):
            self.pods.append(Pod(tag, self))
        spare = sum(pod.available() for pod in living) - count
        # An old pod leaves when enough others are available; of the same kind, the youngest leave first.
        leaving = old[:max(0, spare)] if old else new[count:]
        for pod in leaving:
            if pod.slot is not None:
                self.balancer.drain(pod.slot)
            pod.stop()

    def leave(self, pod):
        if pod.slot is not None:
            self.balancer.remove(pod.slot)
            pod.slot = None

    def await_size(self, count, seconds=120):
        """Until so many pods are available and no other is there."""
        deadline = time.monotonic() + seconds
        for _ in itertools.count():
            pods = list(self.pods)
            if len(pods) == count and all(pod.available() for pod in pods):
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"not {count} pods after {seconds} s: see {self.folder}")
            time.sleep(TICK)

    def stop(self):
        self.stopped.set()
        self.thread.join()
        processes = [self.balancer.process, self.job]
        processes += [process for pod in self.pods for process in (pod.api, pod.watcher)]
        for process in processes:
            if process and process.poll() is None:
                process.kill()
                process.wait()
