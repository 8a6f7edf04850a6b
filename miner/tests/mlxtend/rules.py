"""Writes transactions.dat and rules.csv: rules and their measures as mlxtend computes them.

    pip install mlxtend==0.25.0 && python rules.py

The imbalance ratio, which mlxtend lacks, is taken from its supports.
"""

import csv
import pathlib
import random

import pandas
from mlxtend.frequent_patterns import association_rules, fpgrowth
from mlxtend.preprocessing import TransactionEncoder

FOLDER = pathlib.Path(__file__).parent
MEASURES = ["support", "confidence", "lift", "leverage", "conviction", "zhangs_metric", "kulczynski"]
LEAST = 6


def made_transactions():
    """Items of falling frequency; 1 is in all, 2 is never without 3, and 8 and 9 avoid each other."""
    chance = random.Random(1)
    rows = []
    for _ in range(90):
        row = {1} | {item for item in range(3, 10) if chance.random() < 1.6 / item}
        if 3 in row and chance.random() < 0.5:
            row.add(2)
        if 8 in row:
            row.discard(9)
        rows.append(sorted(row))
    return rows


def main():
    rows = made_transactions()
    with open(FOLDER / "transactions.dat", "w", encoding="ascii") as file:
        file.writelines(" ".join(map(str, row)) + "\n" for row in rows)
    encoder = TransactionEncoder()
    frame = pandas.DataFrame(encoder.fit(rows).transform(rows), columns=encoder.columns_)
    itemsets = fpgrowth(frame, min_support=(LEAST - 0.5) / len(rows), use_colnames=True)
    rules = association_rules(itemsets, metric="support", min_threshold=0)
    with open(FOLDER / "rules.csv", "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["antecedent", "consequent", *MEASURES, "imbalance_ratio"])
        lines = []
        for rule in rules.to_dict("records"):
            sides = [sorted(rule[side]) for side in ("antecedents", "consequents")]
            a, c, both = (rule[name] for name in ("antecedent support", "consequent support", "support"))
            names = [" ".join(map(str, side)) for side in sides]
            measures = [*(rule[measure] for measure in MEASURES), abs(a - c) / (a + c - both)]
            lines.append((sides, [*names, *map(repr, map(float, measures))]))
        writer.writerows(line for _, line in sorted(lines))


main()
