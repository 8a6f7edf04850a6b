"""The benchmark's stand-in for a cluster takes an overlay as a whole or not at all."""

import sys

from support import ROOT

sys.path.append(str(ROOT / "bench/update"))

from bench import DATASET, KUSTOMIZATION  # noqa: E402
from cluster import wanted  # noqa: E402


def test_an_overlay_that_is_half_written_is_left_for_later(tmp_path):
    (tmp_path / "dataset").mkdir()
    texts = {
        tmp_path / "kustomization.yaml": KUSTOMIZATION.format(tag="1.10"),
        tmp_path / "dataset/dataset.env": DATASET.format(id="first", path="/first.csv", tag="1.10"),
    }
    for path, text in texts.items():
        path.write_text(text)
    tag, count, values = whole = wanted(tmp_path)
    assert (tag, count, values["DATASET_URL"]) == ("1.10", 2, "file:///first.csv")
    for path, text in texts.items():
        for end in range(len(text)):
            path.write_text(text[:end])
            assert wanted(tmp_path) is None
        path.write_text(text)
    assert wanted(tmp_path) == whole
