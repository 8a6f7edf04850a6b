"""The protocol of docs/quality.md, written again: playlists, splits, tasks and figures.

It shares no code with segue-miner, so that figures that agree are right on both sides.
"""

import csv
import gzip

import numpy

RANKED = 500


def hashed(text):
    """FNV-1a (64 bits) of the text, finished with MurmurHash3's mixer."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ value >> 33) * factor & (1 << 64) - 1
    return value ^ value >> 33


def read(path):
    """The playlists of a CSV by their pid: the keys of their songs, each once, in the file's order."""
    opened = gzip.open if str(path).endswith(".gz") else open
    with opened(path, "rt", newline="", encoding="utf-8") as file:
        rows = [(row["pid"], row.get("track_uri", ""), row["track_name"], row.get("artist_name", ""))
                for row in csv.DictReader(file)]
    known = {}
    for _, uri, title, artist in rows:
        if uri:
            known.setdefault((title, artist), uri)
    playlists = {}
    for pid, uri, title, artist in rows:
        key = uri or known.get((title, artist)) or f"{title}\x1f{artist}"
        playlists.setdefault(pid, {}).setdefault(key)
    return {pid: list(songs) for pid, songs in playlists.items()}


class Split:
    """Playlists to learn from and playlists held back; the songs of the former numbered as they first appear."""

    def __init__(self, playlists, held, shortest):
        parts = {"test": (0, set()), "valid": (1, {0})}
        residue, unused = parts[held]
        train, self.held = [], []
        for pid, songs in playlists.items():
            part = hashed(pid) % 10
            if part != residue and part not in unused:
                train.append(songs)
            elif part == residue and len(songs) >= shortest:
                self.held.append((pid, songs))
        learned = {song for songs in train for song in songs}
        seen = dict.fromkeys(song for songs in playlists.values() for song in songs if song in learned)
        self.number = {song: number for number, song in enumerate(seen)}
        self.train = [[self.number[song] for song in songs] for songs in train]
        self.support = numpy.zeros(len(self.number), int)
        for songs in self.train:
            self.support[songs] += 1
        # The order that breaks ties and fills up: support, then first appearance.
        self.popular = numpy.argsort(-self.support, kind="stable")

    def tasks(self, seeding):
        """For each held-back playlist: the known seeds, and the targets, of which unknown ones are -1."""
        for pid, songs in self.held:
            if seeding == "half":
                drawn = sorted(songs, key=lambda song: hashed(f"{pid}\x1f{song}"))[:len(songs) // 2]
                drawn = set(drawn)
                seeds = [song for song in songs if song in drawn]
            else:
                seeds = songs[:int(seeding)]
            given = set(seeds)
            targets = [self.number.get(song, -1) for song in songs if song not in given]
            yield [self.number[song] for song in seeds if song in self.number], targets

    def ranking(self, scores, seeds):
        """The 500 best songs by these scores, no seed among them; what has no score comes by popularity."""
        scores = scores.copy()
        scores[seeds] = -numpy.inf
        order = self.popular[numpy.argsort(-scores[self.popular], kind="stable")[:RANKED]]
        return order


def figures(ranking, targets):
    """R-precision, NDCG and clicks of one ranking."""
    wanted = {target for target in targets if target >= 0}
    hits = [at for at, song in enumerate(ranking) if song in wanted]
    gain = lambda at: 1 / numpy.log2(at + 2)
    ideal = sum(map(gain, range(min(len(targets), RANKED))))
    return (sum(at < len(targets) for at in hits) / len(targets),
            sum(map(gain, hits)) / ideal,
            hits[0] // 10 if hits else 51)
