"""How well Segue recommends beside its peers, by the protocol of docs/quality.md.

    run.py --dataset CSV --miner SEGUE_MINER [--split test|valid] [--peers NAME ...]

Makes a virtual environment beside the outcome and installs the peers from PyPI into it on the first run.
Prints a table: R-precision, NDCG@500 and clicks to the first hit, from one song, five, and half.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time
import venv

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
ENVIRONMENT = ROOT / "target" / "bench-quality" / "venv"
TASKS = ["1", "5", "half"]


def inside_environment():
    """Goes on in the environment that has the peers."""
    if pathlib.Path(sys.prefix) == ENVIRONMENT.resolve():
        return
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "installed").exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement",
                        HERE / "requirements.txt"], check=True)
        (ENVIRONMENT / "installed").touch()
    sys.exit(subprocess.run([python, *sys.argv]).returncode)


def segue(arguments):
    """The rows of segue-miner's own evaluation, by method and task."""
    ran = subprocess.run([arguments.miner, "evaluate", "--quiet", "--json", "--split", arguments.split,
                          "--dataset", arguments.dataset], check=True, capture_output=True)
    return {(row["method"], row["seeds"]): [row["mean"][name] for name in ("r_precision", "ndcg", "clicks")]
            for row in json.loads(ran.stdout)["rows"]}


def line(name, rows):
    shown = "  ".join(f"{r:.3f} {n:.3f} {c:5.1f}" for r, n, c in rows)
    print(f"{name:24} {shown}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--miner", default=ROOT / "target" / "release" / "segue-miner")
    parser.add_argument("--split", choices=["test", "valid"], default="test")
    parser.add_argument("--peers", nargs="*")
    arguments = parser.parse_args()
    inside_environment()
    import numpy
    import threadpoolctl
    from peers import PEERS
    from protocol import Split, figures, read

    split = Split(read(arguments.dataset), arguments.split, shortest=20)
    print(f"{len(split.train)} playlists to learn from, {len(split.held)} held back")
    print(f"{'':24} " + "  ".join(f"{task:^17}" for task in TASKS))
    ours = segue(arguments)
    with threadpoolctl.threadpool_limits(1, "blas"):
        for name in PEERS if arguments.peers is None else arguments.peers:
            started = time.monotonic()
            scores = PEERS[name](split)
            rows = []
            for task in TASKS:
                each = [figures(split.ranking(scores(seeds), seeds), targets)
                        for seeds, targets in split.tasks(task)]
                rows.append(numpy.mean(each, axis=0))
            line(name, rows)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
            if name == "the most popular":
                same = numpy.allclose(rows, [ours["popularity", task] for task in TASKS])
                if not same:
                    raise SystemExit("segue-miner and this script disagree on the most popular songs")
    line("rules from 0.1 %", [ours["confidence", task] for task in TASKS])
    line("Segue, as served", [ours["served", task] for task in TASKS])


if __name__ == "__main__":
    main()
