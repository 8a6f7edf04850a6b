#!/usr/bin/env python3
"""Mining beside other miners: the same transactions, in turn, whole processes, CPU time and memory.

    run.py [--runs N] [--rows NAME,...] [--made PLAYLISTS,...] [--csv] [--easy] [--spark]
    run.py --check

Installs pyfim (Borgelt's miners) into target/bench-mine, and builds the same C code as a program of its own, so
that Python's start and conversions don't count against it. --made adds made datasets, --csv the way from CSV
files to published models beside the csv crate alone, --easy mlxtend and efficient-apriori at a support that they
can do, --spark Spark MLlib. --check compares the itemsets themselves with pyfim's instead of times.

A row's runs are interleaved and medians are printed. A ratio is a peer's CPU time to Segue's with one thread, and
of Segue with two threads the wall time of one to theirs. The same as a table is in target/bench-mine/table.md.
"""

import argparse
import dataclasses
import glob
import gzip
import hashlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tarfile

import dataset

WORK = dataset.ROOT / "target" / "bench-mine"
SEGUE = dataset.PROGRAMS / "segue-miner"
CSV_CRATE = dataset.PROGRAMS / "examples" / "csv_crate"
PEER = pathlib.Path(__file__).with_name("peer.py")

# Borgelt's miners, and what most people use.
ALGORITHMS = ["eclat", "fpgrowth", "relim"]
SLOW = ["mlxtend", "efficient-apriori", "spark"]

# Data set, support, longest itemset (0: any).
ROWS = [
    ("retail", 9, 0),
    ("retail", 4, 0),
    ("T10I4D100K", 10, 0),
    ("T10I4D100K", 4, 0),
    ("mushroom", 406, 0),
    ("mushroom", 81, 0),
    ("chess", 960, 0),
    ("chess", 640, 0),
    ("real", 9, 3),
    ("real", 5, 3),
    ("real", 20, 0),
]
EASY = ("retail", 88, 0)
CHECKS = [
    ("retail", 88, 0),
    ("retail", 9, 0),
    ("T10I4D100K", 100, 0),
    ("T10I4D100K", 10, 0),
    ("mushroom", 1625, 0),
    ("mushroom", 812, 0),
    ("chess", 2000, 0),
    ("chess", 1600, 0),
    ("real", 40, 0),
    ("real", 9, 2),
]
# Longer than this, and a peer is left out of the row.
LIMIT_SECONDS = 120
CSV_LIMIT_SECONDS = 1800


def environment():
    """Python with the peers in it."""
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    return python


def install(python, *packages):
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)


def build_borgelt(python):
    """Borgelt's miners as a program, from pyfim's source distribution."""
    program = WORK / "borgelt"
    source = pathlib.Path(__file__).with_name("borgelt.c")
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    subprocess.run(
        [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", WORK, "pyfim"],
        check=True,
    )
    archive = sorted(glob.glob(str(WORK / "pyfim-*.tar.gz")))[-1]
    with tarfile.open(archive) as files:
        files.extractall(WORK, filter="data")
    tree = pathlib.Path(archive.removesuffix(".tar.gz"))
    modules = {
        "util": ["arrays", "memsys", "random", "symtab", "sigint"],
        "math": ["chi2", "gamma", "ruleval"],
        "tract": ["tract", "fim16", "patspec", "clomax", "report"],
        "apriori": ["istree", "apriori"],
        "eclat": ["eclat"],
        "fpgrowth": ["fpgrowth"],
        "relim": ["relim"],
    }
    sources = [tree / module / "src" / f"{name}.c" for module, names in modules.items() for name in names]
    defines = ["NDEBUG", "IDMAPFN", "TATREEFN", "TA_SURR", "ISR_PATSPEC", "ISR_CLOMAX", "ISR_NONAMES"]
    subprocess.run(
        [
            "cc", "-O3", "-march=native", "-w", "-o", program, source, *sources, "-lm",
            *[f"-D{name}" for name in defines],
            *[f"-I{tree / module / 'src'}" for module in modules],
        ],
        check=True,
    )
    return program


def build_measure():
    """The program that says what another one took."""
    program = WORK / "measure"
    source = pathlib.Path(__file__).with_name("measure.c")
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program


@dataclasses.dataclass
class Run:
    """What one process printed and took."""

    printed: str
    cpu: float
    wall: float
    mebibytes: float


def run(command, output, limit):
    """Runs a command, its output printed to a file where one is named; None if it fails or takes too long."""
    report = WORK / "report"
    command = [WORK / "measure", report, limit, *command]
    with open(output or os.devnull, "wb") as sink:
        done = subprocess.run(
            list(map(str, command)), stdout=sink if output else subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    if done.returncode != 0:
        return None
    cpu, wall, kibibytes = report.read_text().split()
    printed = "" if output else done.stdout.decode()
    return Run(printed, float(cpu), float(wall), int(kibibytes) / 1024)


def segue(path, support, longest, threads, *more):
    command = [SEGUE, "itemsets", path, "--support", support, "--threads", threads, "--quiet", *more]
    return command + (["--max-len", longest] if longest else [])


def commands(python, borgelt, path, support, longest):
    """Who takes part in a row: a name, a command, and where its output goes."""
    row = [path, support, longest]
    peers = {"segue": (segue(*row, 1, "--count-only"), None)}
    for algorithm in ALGORITHMS:
        peers[algorithm] = ([borgelt, algorithm, *row], None)
    for algorithm in ALGORITHMS:
        peers[f"pyfim.{algorithm}"] = ([python, PEER, algorithm, *row], None)
    peers["segue, listed"] = (segue(*row, 1), os.devnull)
    for algorithm in ALGORITHMS:
        peers[f"{algorithm}, listed"] = ([borgelt, algorithm, *row, os.devnull], os.devnull)
    peers["segue, 2 threads"] = (segue(*row, 2, "--count-only"), None)
    peers["segue, 2 threads, listed"] = (segue(*row, 2), os.devnull)
    return peers


def measure(peers, runs, limit=LIMIT_SECONDS):
    """Runs everybody in turn, so many times: the runs of each, None for one that failed."""
    results = {name: [] for name in peers}
    for _ in range(runs):
        for name, (command, output) in peers.items():
            if None not in results[name]:
                results[name].append(run(command, output, limit))
    return results


def count_of(name, printed):
    """The number of itemsets that was printed."""
    words = printed.split()
    return int(words[-1] if name.startswith("segue") else words[0]) if words else None


def median(outcome, figure):
    return statistics.median(getattr(one, figure) for one in outcome)


def print_row(title, results):
    """Prints a row's figures, and returns it as a line of the table."""
    print(f"\n{title}")
    done = {name: outcome for name, outcome in results.items() if None not in outcome}
    for name, outcome in results.items():
        if name not in done:
            print(f"  {name:24} over {LIMIT_SECONDS} s, or failed")
            continue
        base = "segue, listed" if name.endswith("listed") else "segue"
        # The CPU time of Spark's Python says nothing: it works in another process.
        figure = "wall" if "threads" in name or name == "spark" else "cpu"
        own, reference = median(outcome, figure), median(done[base], figure)
        ratio = reference / own if "threads" in name else own / reference
        line = f"  {name:24} {own:8.3f} s {median(outcome, 'mebibytes'):7.0f} MiB  x{ratio:6.2f}"
        printed = outcome[0].printed
        if name.startswith("pyfim") or name in SLOW:
            mining = statistics.median(float(one.printed.split()[1]) for one in outcome)
            line += f"  (mining {mining:.3f} s, x{mining / reference:.2f})"
        count = count_of(name, printed)
        print(line + (f"  {count} itemsets" if count is not None else ""), flush=True)
    return table_line(title, done) if "segue, listed" in done else None


def table_line(title, done):
    def fastest(suffix):
        peers = [name + suffix for name in ALGORITHMS if name + suffix in done]
        return min(peers, key=lambda name: median(done[name], "cpu"))

    cells = [title, f"{count_of('segue', done['segue'][0].printed):,}"]
    for suffix in ("", ", listed"):
        own, best = median(done["segue" + suffix], "cpu"), fastest(suffix)
        peer = median(done[best], "cpu")
        cells += [f"{own:.2f}", f"{peer:.2f} ({best.removesuffix(', listed')})", f"{peer / own:.1f}"]
    for suffix in ("", ", listed"):
        one, two = (median(done[name + suffix], "wall") for name in ("segue", "segue, 2 threads"))
        cells.append(f"{one / two:.2f}")
    cells.append(f"{median(done['segue'], 'mebibytes'):.0f}")
    cells.append(f"{median(done['eclat'], 'mebibytes'):.0f}" if "eclat" in done else "-")
    return "| " + " | ".join(cells) + " |"


TABLE_HEAD = """\
| transactions, support | itemsets | counted: Segue, s | fastest peer, s | ratio | listed: Segue, s | fastest peer, s \
| ratio | two threads, counted | listed | Segue, MiB | eclat, MiB |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def csv_rows(folder, sizes, runs):
    """Mines CSV files beside the csv crate, which only passes over their records."""
    files = {}
    packed = dataset.source_folder() / "playlists" / "real.csv.gz"
    if packed.exists():
        plain = folder / "real.csv"
        with gzip.open(packed, "rb") as file, open(plain, "wb") as unpacked:
            shutil.copyfileobj(file, unpacked)
        files |= {packed.name: packed, plain.name: plain}
    for size in sizes:
        files[f"made-{size}.csv"] = dataset.made_csv(size, folder)
    for name, path in files.items():
        models = folder / "models"
        # There is no model before that the dataset would be compared with.
        afresh = ["sh", "-c", 'rm -rf "$0" && exec "$@"', models]
        publish = [*afresh, SEGUE, "mine", "--dataset", path, "--models", models, "--quiet"]
        peers = {
            "csv crate": ([CSV_CRATE, path], None),
            # A support that next to nothing has: what is left is reading.
            "segue, read": ([SEGUE, "rules", path, "--support", "100%", "--quiet"], None),
            "segue, published": (publish, None),
            "... without learned rules": ([*publish, "--without", "learned"], None),
        }
        results = measure(peers, runs, CSV_LIMIT_SECONDS)
        rows, size = results["csv crate"][0].printed.split(" records")[0], path.stat().st_size / 1e6
        print(f"\n{name}: {rows} rows, {size:.0f} MB")
        reference = median(results["csv crate"], "wall")
        for peer, outcome in results.items():
            if None in outcome:
                print(f"  {peer:24} over {CSV_LIMIT_SECONDS} s, or failed")
                continue
            cpu, wall, memory = (median(outcome, figure) for figure in ("cpu", "wall", "mebibytes"))
            ratio = f"x{wall / reference:6.2f}"
            print(f"  {peer:24} {wall:8.3f} s wall {cpu:8.3f} s CPU {memory:7.0f} MiB  {ratio}", flush=True)
        shutil.rmtree(models, ignore_errors=True)
        if path != packed:
            path.unlink()


def digest(lines):
    """A digest of itemsets that doesn't depend on their order, nor on that of their items."""
    ordered = sorted(
        b" ".join(sorted(items.split())) + b" (" + support
        for items, support in (line.rsplit(b"(", 1) for line in lines)
    )
    return hashlib.sha256(b"\n".join(ordered)).hexdigest()


# Run by the environment's Python, as pyfim is there: prints itemsets as FIMI lines. An item that all
# transactions hold is missing from pyfim's list as a set of its own, so it is added.
LIST = """
import sys, fim
path, support, longest, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rows = [[int(item) for item in line.split()] for line in open(path)]
found = fim.eclat(rows, target=target, supp=-support, zmin=1, zmax=longest or -1, report='a')
found = {(frozenset(items), count) for items, count in found}
everywhere = frozenset.intersection(*map(frozenset, rows)) if target == 's' else ()
found |= {(frozenset([item]), len(rows)) for item in everywhere}
if target == 'c' and (closure := frozenset.intersection(*map(frozenset, rows))):
    found.add((closure, len(rows)))
for items, count in found:
    print(*items, f'({count})')
"""


def check(python, folder):
    """Compares itemsets with pyfim's, for every target and number of threads; returns whether all agree."""
    agree = True
    for name, support, longest in CHECKS:
        path = dataset.prepare(name, folder)
        if path is None:
            print(f"{name}: no data")
            continue
        targets = [("all", "s")] if longest else [("all", "s"), ("closed", "c"), ("maximal", "m")]
        for target, letter in targets:
            command = [python, "-c", LIST, path, support, longest, letter]
            theirs = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True).stdout
            ours = [
                subprocess.run(
                    list(map(str, segue(path, support, longest, threads, "--target", target))),
                    stdout=subprocess.PIPE,
                    check=True,
                ).stdout
                for threads in (1, 2, 7)
            ]
            same = digest(ours[0].splitlines()) == digest(theirs.splitlines())
            stable = len(set(ours)) == 1
            agree &= same and stable
            verdict = "the same" if same else "DIFFERENT"
            threads = "the same bytes" if stable else "DIFFERENT BYTES"
            count = ours[0].count(b"\n")
            print(f"{name} {support} {target}: {count} itemsets, {verdict}; {threads} with 1, 2, 7 threads", flush=True)
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", help="only these data sets")
    parser.add_argument("--made", default="", help="sizes of made datasets, such as 240000,1000000")
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--easy", action="store_true")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    folder = WORK / "data"
    folder.mkdir(parents=True, exist_ok=True)
    python = environment()
    install(python, "pyfim")
    if options.check:
        sys.exit(0 if check(python, folder) else 1)
    borgelt = build_borgelt(python)
    build_measure()
    sizes = [int(size) for size in options.made.split(",") if size]
    rows = list(ROWS)
    for size in sizes:
        rows += [(f"made-{size}", size // divisor, 3) for divisor in (1000, 2000)]
    if options.rows is not None:
        rows = [row for row in rows if row[0] in options.rows.split(",")]
    table = [TABLE_HEAD]
    for name, support, longest in rows:
        path = dataset.prepare(name, folder)
        if path is None:
            print(f"\n{name}: no data")
            continue
        title = f"{name}, {support}" + (f", to {longest} items" if longest else "")
        line = print_row(title, measure(commands(python, borgelt, path, support, longest), options.runs))
        # None where something of it failed.
        table += [line] if line else []
        (WORK / "table.md").write_text("\n".join(table) + "\n")
    slow = (SLOW[:2] if options.easy else []) + (SLOW[2:] if options.spark else [])
    if slow:
        install(python, *["pyspark" if peer == "spark" else peer for peer in slow])
        name, support, longest = EASY
        row = [dataset.prepare(name, folder), support, longest]
        peers = {"segue": (segue(*row, 1, "--count-only"), None)}
        for peer in [*ALGORITHMS, *slow]:
            peers[f"pyfim.{peer}" if peer in ALGORITHMS else peer] = ([python, PEER, peer, *row], None)
        results = measure(peers, 1)
        print_row(f"{name}, {support}", results)
    if options.csv:
        csv_rows(folder, sizes, options.runs)


if __name__ == "__main__":
    main()
