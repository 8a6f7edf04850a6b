#!/usr/bin/env python3
"""What reloads cost: under load at half capacity, from publishing to the first answer, and in memory.

    reload.py [--dataset CSV] [--rate N] [--seconds 10] [--turns 3]

Two models of the same dataset take each other's place twice a second while segue-loadtest sends requests on
a fixed schedule, in turns with the same load and no reload; at most as many as the load test keeps. Then a
watcher is started, and CURRENT renamed: counted is the time to the first answer that names the new model,
with file events and with polls alone.

Needs cargo and wrk. Exits with 1 where a request failed.
"""

import contextlib
import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

from ground import WORK, Ground, arguments, free_port, promote, running
from bench import CONNECTIONS, MOST_RATE, flood, songs

SWAPS_PER_SECOND = 2
PUBLICATIONS = 20
POLL_SECONDS = 1


class Admin(http.client.HTTPConnection):
    """The admin socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def reload(self, model):
        self.request("POST", "/reload", json.dumps({"model": model}))
        response = self.getresponse()
        body = response.read()
        assert response.status == 200, body


@contextlib.contextmanager
def swapping(admin, ids):
    """Another model twice a second; counts them."""
    stop, swaps = threading.Event(), []

    def swap():
        while not stop.wait(1 / SWAPS_PER_SECOND):
            admin.reload(ids[(len(swaps) + 1) % 2])
            swaps.append(time.monotonic())

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield swaps
    finally:
        stop.set()
        thread.join()
        admin.reload(ids[0])


@contextlib.contextmanager
def watching(pid):
    """What memory a process takes meanwhile, in MiB."""
    stop, seen = threading.Event(), [resident(pid)]

    def look():
        while not stop.wait(0.01):
            seen.append(resident(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024


def load(options, ground, port, rate):
    """Requests of five songs on a fixed schedule."""
    ended = subprocess.run(
        [ground.program("segue-loadtest"), "run", f"http://127.0.0.1:{port}", "--rate", str(rate),
         "--duration", f"{options.seconds}s", "--connections", str(CONNECTIONS), "--renew", "0s",
         "--songs", songs(ground), "--sizes", "5:1", "--json", "-"],
        capture_output=True, text=True)
    report = json.loads(ended.stdout)
    latency = report["latency"]
    return {"requests": report["requests"], "failed": report["failed"],
            "p50": latency["p50_ns"] / 1e6, "p99": latency["p99_ns"] / 1e6}


def under_load(options, ground):
    """The rows without and with reloads, and the memory."""
    port = free_port()
    with running(ground.api(port), port, "/readyz") as api:
        admin = Admin(WORK / f"{port}.sock")
        half = int(flood(options, ground, port, "5")["rate"] / 2)
        rate = options.rate or min(half, MOST_RATE)
        calm, swapped, swaps = [], [], 0
        before = resident(api.pid)
        with watching(api.pid) as memory:
            for _ in range(options.turns):
                calm.append(load(options, ground, port, rate))
                with swapping(admin, ground.ids) as done:
                    swapped.append(load(options, ground, port, rate))
                swaps += len(done)
        # An old model goes within a few milliseconds of its last answer.
        time.sleep(1)
        return rate, swaps, calm, swapped, (before, max(memory), resident(api.pid))


def publications(ground, *flags):
    """Milliseconds from the rename of CURRENT to the first answer from the new model."""
    port = free_port()
    promote(ground.models, ground.ids[0])
    took = []
    with running(ground.api(port), port, "/readyz"):
        watcher = [ground.program("segue-watcher"), "--models", ground.models, "--admin-socket",
                   WORK / f"{port}.sock", "--dataset-config", dataset_config(ground), *flags]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with running(watcher):
            for number in range(PUBLICATIONS + 1):
                model = ground.ids[(number + 1) % 2]
                # Not in step with the polls.
                time.sleep(0.3 + 0.037 * number)
                published = time.monotonic()
                promote(ground.models, model)
                while True:
                    connection.request("GET", "/healthz")
                    answer = connection.getresponse()
                    answer.read()
                    if answer.headers["x-segue-model"] == model:
                        break
                    # Asking more often would take processors from what is measured.
                    time.sleep(0.002)
                took.append((time.monotonic() - published) * 1000)
    # The first one waits for the watcher's start, too.
    return took[1:]


def dataset_config(ground):
    folder = WORK / "dataset"
    folder.mkdir(exist_ok=True)
    (folder / "DATASET_URL").write_text(f"{ground.dataset}\n")
    return folder


def main():
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of each load")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rate", type=int, help="requests a second; half of the most, if left out")
    options = parser.parse_args()
    ground = Ground(options.dataset)
    rate, swaps, calm, swapped, memory = under_load(options, ground)
    print(f"| {rate:,} requests/s | requests | failed | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|")
    failed = 0
    for name, results in ("no reload", calm), (f"{swaps} reloads", swapped):
        requests, lost = (sum(result[key] for result in results) for key in ("requests", "failed"))
        p50, p99 = (statistics.median(result[key] for result in results) for key in ("p50", "p99"))
        print(f"| {name} | {requests:,} | {lost} | {p50:.2f} | {p99:.2f} |")
        failed += lost
    print("\nmemory: {:.0f} MiB before, {:.0f} at most, {:.0f} after".format(*memory))
    polls = ["--poll-only", "--poll-models", f"{POLL_SECONDS}s"]
    for name, flags in ("file events", []), (f"polls each {POLL_SECONDS} s", polls):
        took = publications(ground, *flags)
        print(f"published to first answer, {name}: median {statistics.median(took):.0f} ms, "
              f"at most {max(took):.0f} ms")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
