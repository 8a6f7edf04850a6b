"""What the measurements of the API stand on: programs, models, questions, processes.

Everything is kept in target/bench-api and made anew only where it is missing: remove the folder to begin
again.
"""

import argparse
import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "target" / "bench-api"
PACKAGES = ("segue", "segue-api", "segue-loadtest", "segue-miner", "segue-watcher")
# As large as a course's dataset: about 240,000 rows.
SAMPLE = ["sample", "--playlists", "3600", "--seed", "1"]


class Ground:
    """Where everything is."""

    def __init__(self, dataset):
        WORK.mkdir(parents=True, exist_ok=True)
        self.programs = build()
        self.dataset = dataset or self.sample()
        self.models, self.ids = self.mine()
        self.questions = self.ask()

    def program(self, name):
        return self.programs / name

    def sample(self):
        dataset = WORK / "sample.csv"
        if not dataset.exists():
            subprocess.run([self.program("segue"), *SAMPLE, "--output", dataset], check=True)
        return dataset

    def mine(self):
        """Two models of one dataset that differ in their dates alone, the first of them current."""
        models = WORK / f"models-{self.dataset.name}"
        ids = []
        for date in "1767225600", "1769904000":
            env = os.environ | {"SOURCE_DATE_EPOCH": date}
            if not models.exists() or len(list((models / "models").glob("*.segue"))) < 2:
                subprocess.run([self.program("segue-miner"), "mine", "--dataset", self.dataset,
                                "--models", models], env=env, check=True)
        ids = sorted(file.stem for file in (models / "models").glob("*.segue"))
        promote(models, ids[0])
        return models, ids

    def ask(self):
        questions = WORK / f"questions-{self.dataset.name}"
        if not (questions / "rules.pickle").exists():
            subprocess.run([sys.executable, HERE / "questions.py", self.dataset, questions], check=True)
        return questions

    def api(self, port, *more):
        """The command of an API. A flood is what is measured: none of it is shed."""
        return [self.program("segue-api"), "--models", self.models,
                "--listen", f"127.0.0.1:{port}", "--admin-socket", WORK / f"{port}.sock",
                "--lame-duck", "0s", "--max-delay", "60s", *more]


def arguments(description):
    """The arguments that all measurements have."""
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument("--dataset", type=lambda path: pathlib.Path(path).resolve(),
                        help="playlists as CSV; made, if left out")
    return parser


def build():
    """The programs, as they are released but for the API's `--fixed-answer`."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--features", "segue-api/bench",
                    *(f"--package={name}" for name in PACKAGES)], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    programs = WORK / "programs"
    programs.mkdir(exist_ok=True)
    for name in PACKAGES:
        # A copy: another build may replace the original while this one is measured.
        shutil.copy2(target / name, programs / name)
    return programs


def promote(models, model):
    """Has CURRENT name this model, by a rename, as the miner does."""
    pointer = models / "CURRENT.next"
    pointer.write_text(f"{model}\n")
    pointer.rename(models / "CURRENT")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port=None, ready=None, env=None, seconds=60):
    """A process, from when it answers until it has ended."""
    log = WORK / f"{pathlib.Path(command[0]).name}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=env)
    try:
        deadline = time.monotonic() + seconds
        while ready and not answers(port, ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]}: not ready; see {log}")
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(port, path):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status in (200, 405)
    except OSError:
        return False
