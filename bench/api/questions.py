"""Questions as people would ask them, and the peer's rules, from a dataset of playlists.

    questions.py DATASET.csv[.gz] FOLDER

writes FOLDER/1.jsonl, 5.jsonl, 50.jsonl and 500.jsonl (as many songs a question, from real playlists),
5-explained.jsonl, and FOLDER/rules.pickle.
"""

import collections
import csv
import gzip
import itertools
import json
import pathlib
import pickle
import random
import sys

QUESTIONS = 256
SEED = 1
# What course projects mine with: rules between two songs in at least one playlist of a hundred.
RULE_SUPPORT = 0.01


def playlists(dataset):
    opened = gzip.open if dataset.suffix == ".gz" else open
    lists = {}
    with opened(dataset, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lists.setdefault(row["pid"], []).append(row["track_name"])
    return list(lists.values())


def question(lists, length, rng):
    songs = []
    while len(songs) < length:
        songs.extend(song for song in rng.choice(lists) if song not in songs)
    return songs[:length]


def rules(lists):
    least = RULE_SUPPORT * len(lists)
    counts = collections.Counter(song for songs in lists for song in set(songs))
    frequent = {song for song, count in counts.items() if count >= least}
    pairs = collections.Counter()
    for songs in lists:
        pairs.update(itertools.permutations(sorted(frequent.intersection(songs)), 2))
    found = [
        ({a}, {c}, count / counts[a]) for (a, c), count in pairs.items() if count >= least
    ]
    return sorted(found, key=lambda rule: -rule[2])


def main():
    dataset, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    lists = playlists(dataset)
    rng = random.Random(SEED)
    for length in 1, 5, 50, 500:
        asked = [{"songs": question(lists, length, rng)} for _ in range(QUESTIONS)]
        lines = "".join(json.dumps(one) + "\n" for one in asked)
        (folder / f"{length}.jsonl").write_text(lines)
        if length == 5:
            asked = [one | {"explain": True} for one in asked]
            lines = "".join(json.dumps(one) + "\n" for one in asked)
            (folder / "5-explained.jsonl").write_text(lines)
    (folder / "rules.pickle").write_bytes(pickle.dumps(rules(lists)))


if __name__ == "__main__":
    main()
