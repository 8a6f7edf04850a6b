#!/usr/bin/env python3
"""What a recommendation costs, beside the same server answering fixed bytes and beside Flask.

    bench.py [--dataset CSV] [--seconds 5] [--turns 3] [--only instructions|rates]

The floor is this very API with `--fixed-answer`: it answers the same POST with as many bytes, unparsed.
For each kind of question, floor and answer are measured in turns and the medians count: as fast as answers
come (wrk), and at half of that speed as users come, whether or not others have been answered
(segue-loadtest). Only ratios within one run mean anything, and only on a machine that does nothing else.
Instructions are counted by callgrind and repeat to a fraction of a per cent whatever else the machine does.

Needs cargo, wrk, valgrind, and in the Python that runs this the packages of requirements.txt.
"""

import csv
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys

from ground import HERE, WORK, Ground, arguments, free_port, running

KINDS = {"1": "1 song", "5": "5 songs", "50": "50 songs", "500": "500 songs",
         "5-explained": "5 songs, explained"}
CONNECTIONS = 32
# More requests a second would measure the load test, which has one of two cores.
MOST_RATE = 15_000
WARM_UP_SECONDS = 1
# As many requests are counted under callgrind, which takes fifty times as long: all questions several
# times, or once where one is a lot of work.
COUNTED = {"1": 2048, "5": 2048, "50": 512, "500": 256, "5-explained": 256}


def ask(port, lines):
    """Asks once for each line over one connection, each in one piece; gives back the bodies."""
    bodies = []
    with socket.create_connection(("127.0.0.1", port), timeout=600) as connection:
        for line in lines:
            body = line.encode()
            head = f"POST /api/recommend HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            bodies.append(response.read())
            assert response.status == 200, bodies[-1]
    return bodies


def flood(options, ground, port, kind):
    """Requests a second and latencies in microseconds, as fast as answers come."""
    ended = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{options.seconds}s", "-s", HERE / "wrk.lua",
         f"http://127.0.0.1:{port}/api/recommend", "--", ground.questions / f"{kind}.jsonl"],
        capture_output=True, text=True, check=True)
    result = json.loads(re.search(r"RESULT (.*)", ended.stdout)[1])
    assert result.pop("failed") == 0, ended.stdout
    return result | {"rate": result["requests"] / result["seconds"]}


def half_load(options, ground, port, kind, rate):
    """The 99th percentile in microseconds at half of a rate, as users come; or at a rate that the load
    test keeps beside the server."""
    if not kind.isdigit():
        return {}
    command = [ground.program("segue-loadtest"), "run", f"http://127.0.0.1:{port}", "--rate",
               str(max(1, min(int(rate / 2), MOST_RATE))), "--connections", str(CONNECTIONS), "--renew",
               "0s", "--songs", songs(ground), "--sizes", f"{kind}:1", "--json", "-"]
    # The other server was asked before, and what this one needs is not in the caches any more.
    for seconds in (WARM_UP_SECONDS, options.seconds):
        ended = subprocess.run([*command, "--duration", f"{seconds}s"], capture_output=True, text=True)
        report = json.loads(ended.stdout)
        assert report["failed"] == 0, report
    return {"half_p99": report["latency"]["p99_ns"] / 1000}


def songs(ground):
    """The songs of the questions, as a list for the load test."""
    file = WORK / "songs.csv"
    if not file.exists():
        lines = (ground.questions / "500.jsonl").read_text().splitlines()
        with open(file, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["track_name"])
            writer.writerows([song] for line in lines for song in json.loads(line)["songs"])
    return file


def medians(results):
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def count_instructions(command, port, lines):
    """User-space instructions for one request: what twice as many cost beyond once as many."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    with running(valgrind, port, "/readyz", seconds=600) as process:
        ask(port, lines)
        counts = []
        for share in lines, lines + lines:
            before = collected(process.pid)
            ask(port, share)
            counts.append(collected(process.pid) - before)
        return (counts[1] - counts[0]) / len(lines)


def collected(pid):
    """What callgrind has counted so far, in all threads."""
    shown = subprocess.run(["callgrind_control", "-e", str(pid)], capture_output=True, text=True,
                           check=True).stdout
    found = re.findall(r"Th\s*\d+\s+([\d ,]+)", shown)
    assert found, shown
    return sum(int(re.sub(r"\D", "", number)) for number in found)


def compare(options, ground, kind):
    """The floor's row and the answer's."""
    lines = (ground.questions / f"{kind}.jsonl").read_text().splitlines()
    port, floor_port = free_port(), free_port()
    fixed = WORK / f"{kind}.fixed"
    with running(ground.api(port), port, "/readyz"):
        bodies = ask(port, lines)
    fixed.write_bytes(sorted(bodies, key=len)[len(bodies) // 2])
    commands = [(ground.api(floor_port, "--fixed-answer", fixed), floor_port),
                (ground.api(port), port)]
    rows = [{}, {}]
    if options.only != "instructions":
        with running(*commands[0], "/readyz"), running(*commands[1], "/readyz"):
            ports = (floor_port, port)
            turns = [[flood(options, ground, one, kind) for one in ports]
                     for _ in range(options.turns)]
            rate = statistics.median(answer["rate"] for _, answer in turns)
            for turn in turns:
                for result, one in zip(turn, ports):
                    result |= half_load(options, ground, one, kind, rate)
        rows = [medians(results) for results in zip(*turns)]
    if options.only != "rates":
        counted = (lines * (COUNTED[kind] // len(lines) + 1))[:COUNTED[kind]]
        for row, command in zip(rows, commands):
            row["instructions"] = count_instructions(*command, counted)
    floor, answer = rows
    yield f"fixed answer of {fixed.stat().st_size} bytes", floor, None
    yield KINDS[kind], answer, floor


def flask(options, ground):
    """The row of the peer."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers", str(os.cpu_count()),
               "--bind", f"127.0.0.1:{port}", "--chdir", HERE, "flask_app:app"]
    env = os.environ | {"RULES": str(ground.questions / "rules.pickle")}
    with running(command, port, "/api/recommend", env):
        results = [flood(options, ground, port, "5") for _ in range(options.turns)]
    yield "Flask + gunicorn, 5 songs", medians(results), None


def show(name, row, floor):
    """A row of Markdown; a share is that of the floor."""
    number = lambda key: f"{row[key]:,.0f}" if key in row else ""
    share = lambda key: f"{row[key] / floor[key]:.2f}" if floor and key in row else ""
    print("|", " | ".join([name, number("rate"), share("rate"), number("p50"), number("p99"),
                           number("p999"), number("half_p99"), share("half_p99"),
                           number("instructions"), share("instructions")]), "|", flush=True)


def main():
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=["instructions", "rates"])
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    options = parser.parse_args()
    ground = Ground(options.dataset)
    print("| what | requests/s | of floor | p50 µs | p99 µs | p99.9 µs | p99 µs at half load "
          "| of floor | instructions | of floor |")
    print("|---|" + "--:|" * 9)
    for kind in options.kinds:
        for row in compare(options, ground, kind):
            show(*row)
    if options.only != "instructions":
        for row in flask(options, ground):
            show(*row)


if __name__ == "__main__":
    main()
