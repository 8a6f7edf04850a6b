"""Python's miners, one in a process: peer.py MINER FILE SUPPORT LONGEST.

Prints the number of itemsets and the CPU seconds (of Spark, the wall seconds) of mining alone, without reading and
Python's start.
LONGEST 0 means any length.
"""

import sys
import time


def pyfim(algorithm, rows, support, longest):
    import fim

    # '#' asks for the pattern spectrum, the number of itemsets by size and support, so that no time goes
    # into Python objects for the itemsets.
    found = getattr(fim, algorithm)(
        rows, target="s", supp=-support, zmin=1, zmax=longest or -1, report="#"
    )
    return int(sum(found.values()))


def mlxtend(rows, support, longest):
    import pandas
    from mlxtend.frequent_patterns import fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    encoder = TransactionEncoder()
    # Sparse: a dense frame of 88,000 transactions and 16,000 items would take more than a gigabyte.
    matrix = encoder.fit(rows).transform(rows, sparse=True)
    frame = pandas.DataFrame.sparse.from_spmatrix(matrix, columns=[str(item) for item in encoder.columns_])
    share = (support - 0.5) / len(rows)
    return len(fpgrowth(frame, min_support=share, max_len=longest or None))


def efficient_apriori(rows, support, longest):
    from efficient_apriori import itemsets_from_transactions

    share = (support - 0.5) / len(rows)
    found, _ = itemsets_from_transactions(
        [tuple(row) for row in rows], min_support=share, max_length=longest or 8
    )
    return sum(len(of_length) for of_length in found.values())


def spark(rows, support, longest):
    from pyspark.ml.fpm import FPGrowth
    from pyspark.sql import SparkSession

    if longest:
        raise SystemExit("Spark's FPGrowth knows no longest length")
    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).getOrCreate()
    frame = session.createDataFrame([(list(set(row)),) for row in rows], ["items"])
    share = (support - 0.5) / len(rows)
    return FPGrowth(minSupport=share, minConfidence=1.0).fit(frame).freqItemsets.count()


def main():
    miner, path, support, longest = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with open(path, encoding="ascii") as file:
        rows = [[int(item) for item in line.split()] for line in file]
    # Spark works in another process.
    clock = time.perf_counter if miner == "spark" else time.process_time
    start = clock()
    if miner in ("eclat", "fpgrowth", "relim"):
        found = pyfim(miner, rows, support, longest)
    else:
        found = {"mlxtend": mlxtend, "efficient-apriori": efficient_apriori, "spark": spark}[miner](
            rows, support, longest
        )
    print(found, round(clock() - start, 3))


main()
