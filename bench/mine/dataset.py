"""The transactions that the benchmark mines, as FIMI files.

FIMI sets are unpacked, playlists become a line each with their songs by number, and a made dataset is written
by `segue sample`. What is made is kept, so that a second run starts at once.
"""

import csv
import gzip
import operator
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Where cargo puts programs that are built for a named target, as for make bench-mine, or for none.
PROGRAMS = ROOT / "target" / os.environ.get("CARGO_BUILD_TARGET", "") / "release"


def source_folder():
    """Where the real data lie: SEGUE_TEST_DATA, or a folder beside the repository."""
    return pathlib.Path(os.environ.get("SEGUE_TEST_DATA", ROOT.parent / "shared" / "data"))


def prepare(name, folder):
    """The path of a dataset's FIMI file, made where it is missing; None where there are no data to make it of."""
    path = folder / f"{name}.dat"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    if name.startswith("made-"):
        made = made_csv(name.removeprefix("made-"), folder)
        write_playlists(made, part)
        made.unlink()
    elif name == "real":
        packed = source_folder() / "playlists" / "real.csv.gz"
        if not packed.exists():
            return None
        write_playlists(packed, part)
    else:
        packed = source_folder() / "fimi" / f"{name}.dat.gz"
        if not packed.exists():
            return None
        with gzip.open(packed, "rb") as file, open(part, "wb") as plain:
            shutil.copyfileobj(file, plain)
    part.rename(path)
    return path


def made_csv(playlists, folder):
    """A made dataset of so many playlists."""
    path = folder / f"made-{playlists}.csv"
    program = PROGRAMS / "segue"
    subprocess.run([program, "sample", "--playlists", str(playlists), "--seed", "1", "-o", path], check=True)
    return path


def rows_of(path):
    """Of each row of a CSV: playlist, title, artist, URI."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        columns = [header.index(name) for name in ("pid", "track_name", "artist_name", "track_uri")]
        yield from map(operator.itemgetter(*columns), rows)


def write_playlists(source, path):
    """A line for each playlist of a CSV: each of its songs once, by number.

    A song is its URI; without one, the URI of the first row with the same title and artist, else those two.
    """
    nameless = {(title, artist) for _, title, artist, uri in rows_of(source) if not uri}
    uris = {}
    for _, title, artist, uri in rows_of(source):
        if uri and (title, artist) in nameless:
            uris.setdefault((title, artist), uri)
    numbers = {}
    playlists = {}
    for playlist, title, artist, uri in rows_of(source):
        song = uri or uris.get((title, artist)) or (title, artist)
        number = numbers.setdefault(song, len(numbers))
        playlists.setdefault(playlist, {})[number] = None
    with open(path, "w", encoding="ascii") as lines:
        for songs in playlists.values():
            lines.write(" ".join(map(str, songs)) + "\n")
