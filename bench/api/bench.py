"""What a recommendation costs, beside the same server answering fixed bytes and beside Flask.

    bench.py --api SEGUE_API --models DIR --dataset CSV --work FOLDER [--seconds 5] [--no-instructions]

SEGUE_API is built with `--features bench`, which lets it answer `--fixed-answer FILE` to every question
unparsed: the floor under everything here. For each kind of question, floor and answer are measured in
turns, several times, and the medians count: only ratios within one run mean anything, and only on a
machine that does nothing else. Instructions are counted by callgrind and repeat to a fraction of a per
cent whatever else the machine does.

Needs wrk, valgrind, and for Flask the packages in requirements.txt (in the Python that runs this).
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
KINDS = ["1", "5", "50", "500", "5-explained"]
NAMES = {"1": "1 song", "5": "5 songs", "50": "50 songs", "500": "500 songs",
         "5-explained": "5 songs, explained"}
CONNECTIONS = 32
TURNS = 3
COUNTED = 2000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port, ready, env=None, seconds=60):
    """A server, from when it answers until it has ended."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               env=env)
    try:
        deadline = time.monotonic() + seconds
        while not answers(port, ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]}: not ready")
            time.sleep(0.05)
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


def segue(options, port, fixed=None):
    command = [options.api, "--models", options.models, "--listen", f"127.0.0.1:{port}",
               "--admin-socket", f"{options.work}/{port}.sock", "--lame-duck", "0s",
               # A flood is what is measured: none of it is shed.
               "--max-delay", "60s"]
    return command + (["--fixed-answer", fixed] if fixed else [])


def ask(port, lines):
    """Asks once for each line over one connection; gives back the bodies."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    bodies = []
    for line in lines:
        connection.request("POST", "/api/recommend", line)
        response = connection.getresponse()
        bodies.append(response.read())
        assert response.status == 200, bodies[-1]
    return bodies


def load(options, port, kind):
    """Requests a second and latencies in microseconds, as fast as answers come."""
    ended = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{options.seconds}s", "-s", HERE / "wrk.lua",
         f"http://127.0.0.1:{port}/api/recommend", "--", options.work / f"{kind}.jsonl"],
        capture_output=True, text=True, check=True)
    result = json.loads(re.search(r"RESULT (.*)", ended.stdout)[1])
    assert result["failed"] == 0, ended.stdout
    result["rate"] = result["requests"] / result["seconds"]
    return result


def median(results):
    return {key: statistics.median(result[key] for result in results)
            for key in ("rate", "p50", "p99", "p999")}


def count_instructions(command, port, ready, lines):
    """User-space instructions for one request."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    with running(valgrind, port, ready, seconds=600) as process:
        ask(port, lines)
        counts = []
        for share in lines, lines + lines:
            before = total(process.pid)
            ask(port, share)
            counts.append(total(process.pid) - before)
        return (counts[1] - counts[0]) / len(lines)


def total(pid):
    shown = subprocess.run(["callgrind_control", "-e", str(pid)], capture_output=True, text=True)
    return sum(int(number.replace(",", ""))
               for number in re.findall(r"Totals:\s+([\d,]+)", shown.stdout))


def rows(options):
    for kind in KINDS:
        lines = (options.work / f"{kind}.jsonl").read_text().splitlines()
        port, floor_port = free_port(), free_port()
        fixed = options.work / f"{kind}.fixed"
        with running(segue(options, port), port, "/readyz"):
            bodies = ask(port, lines)
            fixed.write_bytes(sorted(bodies, key=len)[len(bodies) // 2])
            with running(segue(options, floor_port, fixed), floor_port, "/readyz"):
                turns = [(load(options, floor_port, kind), load(options, port, kind))
                         for _ in range(TURNS)]
        floor, answer = (median(results) for results in zip(*turns))
        if options.instructions:
            counted = (lines * (COUNTED // len(lines) + 1))[:COUNTED // (10 if len(kind) > 2 else 1)]
            floor["instructions"] = count_instructions(
                segue(options, floor_port, fixed), floor_port, "/readyz", counted)
            answer["instructions"] = count_instructions(
                segue(options, port), port, "/readyz", counted)
        yield f"fixed answer of {fixed.stat().st_size} bytes", floor, None
        yield NAMES[kind], answer, answer["rate"] / floor["rate"]


def flask_row(options):
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers", str(os.cpu_count()),
               "--bind", f"127.0.0.1:{port}", "--chdir", HERE, "flask_app:app"]
    env = os.environ | {"RULES": str(options.work / "rules.pickle")}
    with running(command, port, "/api/recommend", env):
        yield "Flask + gunicorn, 5 songs", median([load(options, port, "5")]), None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "api", "models", "dataset", "work":
        parser.add_argument(f"--{name}", required=True, type=lambda path: pathlib.Path(path).absolute())
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--no-instructions", dest="instructions", action="store_false")
    options = parser.parse_args()
    if not (options.work / "rules.pickle").exists():
        subprocess.run([sys.executable, HERE / "questions.py", options.dataset, options.work],
                       check=True)
    print("| what | requests/s | of the floor | p50 µs | p99 µs | p99.9 µs | instructions |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for measured in rows(options), flask_row(options):
        for name, result, share in measured:
            share = f"{share:.0%}" if share else ""
            instructions = f"{result['instructions']:,.0f}" if "instructions" in result else ""
            print(f"| {name} | {result['rate']:,.0f} | {share} | {result['p50']:,.0f} "
                  f"| {result['p99']:,.0f} | {result['p999']:,.0f} | {instructions} |", flush=True)


if __name__ == "__main__":
    main()
