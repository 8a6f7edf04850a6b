#!/usr/bin/env python3
"""What updates cost, with real processes: a new version, more and fewer instances, another dataset.

    bench.py [--out target/bench-update] [--rate 500] [--dataset CSV --other-dataset CSV]

Builds Segue twice under two versions, starts it as a stand-in for the cluster does (see cluster.py), and
measures four updates with segue-loadtest: each is an edit of an overlay, under load from before to after.
Leaves a page and the figures of each in the folder, and prints them as a table.

Needs cargo and HAProxy (apt-get install haproxy). Exits with 1 where a request failed.
"""

import argparse
import csv
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys

from cluster import Cluster

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = ("0.1.0-before", "0.1.0-after")
PROGRAMS = ("segue-api", "segue-watcher", "segue-miner")

KUSTOMIZATION = """\
images:
  - name: segue-api
    newTag: {tag}
replicas:
  - name: api
    count: 2
"""
DATASET = """\
DATASET_ID={id}
DATASET_URL=file://{path}
DATASET_SHA256=
MIN_SUPPORT=0.1%
MIN_CONFIDENCE=0.3
MAX_LENGTH=3
MINER_TAG={tag}
"""


def build(programs):
    """The same code under two versions, as a release would be."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    packages = [f"--package={name}" for name in (*PROGRAMS, "segue", "segue-loadtest")]
    for version in VERSIONS:
        env = dict(os.environ, SEGUE_VERSION=version)
        subprocess.run(["cargo", "build", "--release", "--locked", *packages],
                       cwd=ROOT, env=env, check=True)
        folder = programs / version
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*PROGRAMS, "segue", "segue-loadtest"):
            shutil.copy2(target / name, folder / name)
    return programs / VERSIONS[0]


def datasets(arguments, tools, folder):
    """Two datasets: those given, or two that are made, of about 240,000 rows each."""
    given = [arguments.dataset, arguments.other_dataset]
    for place, path in enumerate(given):
        if path is None:
            given[place] = folder / f"sample-{place + 1}.csv"
            subprocess.run([tools / "segue", "sample", "--playlists", "3600", "--seed",
                            str(place + 1), "--output", given[place]], check=True)
    return [pathlib.Path(path).resolve() for path in given]


def songs(paths, file):
    """The songs of both datasets, as often as they stand there: what is popular is asked for often."""
    with open(file, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["artist_name", "track_name"])
        for path in paths:
            opened = gzip.open if path.suffix == ".gz" else open
            with opened(path, "rt", newline="", encoding="utf-8") as rows:
                for row in csv.DictReader(rows):
                    writer.writerow([row.get("artist_name", ""), row["track_name"]])
    return file


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target" / "bench-update")
    parser.add_argument("--rate", default="500")
    parser.add_argument("--dataset")
    parser.add_argument("--other-dataset")
    arguments = parser.parse_args()
    if not shutil.which("haproxy"):
        raise SystemExit("haproxy: not found (apt-get install haproxy)")
    out = arguments.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    overlay = out / "overlay"
    (overlay / "dataset").mkdir(parents=True)
    tools = build(out / "programs")
    first, other = datasets(arguments, tools, out)
    asked = songs([first, other], out / "songs.csv")
    before, after = VERSIONS
    (overlay / "kustomization.yaml").write_text(KUSTOMIZATION.format(tag=before))
    env = overlay / "dataset" / "dataset.env"
    env.write_text(DATASET.format(id="first", path=first, tag=before))
    other_env = out / "other.env"
    other_env.write_text(DATASET.format(id="other", path=other, tag=before))

    updates = [
        ("code", f"image={after}", 2),
        ("size-up", "replicas=4", 4),
        ("size-down", "replicas=2", 2),
        ("dataset", f"dataset={other_env}", 2),
    ]
    failed = False
    cluster = Cluster(overlay, out / "programs", out / "cluster")
    try:
        cluster.await_size(2)
        for name, edit, size in updates:
            print(f"\n== {name}: {edit}", flush=True)
            run = subprocess.run([
                tools / "segue-loadtest", "update", cluster.url, "--rate", arguments.rate,
                "--songs", asked, "--overlay", overlay, "--edit", edit, "--deadline", "5m",
                "--html", out / f"{name}.html", "--json", out / f"{name}.json"])
            failed |= run.returncode != 0
            cluster.await_size(size)
    finally:
        cluster.stop()
    summarize(out, [name for name, _, _ in updates])
    sys.exit(1 if failed else 0)


def summarize(out, names):
    """The figures of all updates, as a table of Markdown."""
    print("\n| update | to first new | to all new | failed | longest outage "
          "| p50 before, during, after | p99 before, during, after |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        path = out / f"{name}.json"
        if not path.is_file():
            continue
        report = json.loads(path.read_text())
        change = report["change"]
        phases = [change[phase]["latency"] for phase in ("before", "during", "after")]
        quantile = lambda key: ", ".join(f"{phase[key] / 1e6:.2f}" for phase in phases) + " ms"
        seconds = lambda key: f"{change[key] / 1e9:.2f} s" if change[key] is not None else "-"
        print(f"| {name} | {seconds('first_new_ns')} | {seconds('all_new_ns')} "
              f"| {report['failed']} of {report['requests']} "
              f"| {report['longest_outage_ns'] / 1e6:.0f} ms "
              f"| {quantile('p50_ns')} | {quantile('p99_ns')} |")


if __name__ == "__main__":
    main()
