"""What each edit of an overlay renames and changes: the table in edits.txt, checked line by line.

UPDATE=1 writes the table anew, to be read before it is committed.
"""

import difflib
import os
from pathlib import Path

import pytest
import yaml

from support import Fork, only

TABLE = Path(__file__).with_name("edits.txt")

# Not the values of today: the table shall not change with them.
BEFORE = {
    "DATASET_ID": "ds1",
    "DATASET_URL": "https://example.org/ds1.csv",
    "DATASET_SHA256": "",
    "MIN_SUPPORT": "0.1%",
    "MIN_CONFIDENCE": "0.3",
    "MAX_LENGTH": "3",
    "MINER_TAG": "1.0.0",
    "JOB_REV": "1",
}


def image(tag):
    def change(kustomization):
        (api,) = (each for each in kustomization["images"] if each["name"] == "segue-api")
        api["newTag"] = tag

    return change


def replicas(count):
    def change(kustomization):
        kustomization["replicas"][0]["count"] = count

    return change


EDITS = {
    "another dataset": {
        "DATASET_ID": "ds2",
        "DATASET_URL": "https://example.org/ds2.csv",
    },
    "another id": {"DATASET_ID": "ds1b"},
    "another URL": {"DATASET_URL": "https://example.org/new/ds1.csv"},
    "a digest": {"DATASET_SHA256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    "another support": {"MIN_SUPPORT": "0.05%"},
    "another confidence": {"MIN_CONFIDENCE": "0.5"},
    "another length": {"MAX_LENGTH": "2"},
    "another miner": {"MINER_TAG": "1.1.0"},
    "another revision of the Job": {"JOB_REV": "2"},
    "another API": image("1.1.0"),
    "another size": replicas(5),
}


def registry(kustomization):
    for each in kustomization["images"]:
        each["newName"] = f"registry.example.org:5000/{each['name']}"


def start(folder):
    fork = Fork(folder)
    fork.set("production", **BEFORE)
    fork.edit("production", registry)
    fork.edit("production", image("1.0.0"))
    fork.edit("production", replicas(3))
    return fork


def apply(fork, edit):
    if callable(edit):
        fork.edit("production", edit)
    else:
        fork.set("production", **edit)


def diff(before, after):
    """What differs, object by object; an object that is called otherwise is not the same."""
    for kind, name in sorted(set(before) | set(after)):
        old, new = before.get((kind, name)), after.get((kind, name))
        if old is None or new is None:
            yield f"  {'+' if old is None else '-'} {kind} {name}"
        elif old != new:
            yield f"  ~ {kind} {name}"
            lines = [yaml.safe_dump(each).splitlines() for each in (old, new)]
            for line in list(difflib.unified_diff(*lines, n=0, lineterm=""))[2:]:
                if not line.startswith("@@"):
                    yield f"      {line[0]} {line[1:].strip()}"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The objects before and after each edit."""
    before = start(tmp_path_factory.mktemp("before")).objects("production")
    after = {}
    for name, edit in EDITS.items():
        fork = start(tmp_path_factory.mktemp("after"))
        apply(fork, edit)
        after[name] = fork.objects("production")
    return before, after


def test_the_table_of_edits_is_as_it_was(results):
    before, after = results
    lines = [f"At first: {only(before, 'Job')['metadata']['name']}"]
    for name, objects in after.items():
        lines += ["", f"{name}: {only(objects, 'Job')['metadata']['name']}", *diff(before, objects)]
    found = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE"):
        TABLE.write_text(found)
    assert found == TABLE.read_text()


@pytest.mark.parametrize("name", EDITS)
def test_what_the_miner_depends_on_renames_the_job_and_nothing_else_does(results, name):
    before, after = results[0], results[1][name]
    renamed = only(before, "Job")["metadata"]["name"] != only(after, "Job")["metadata"]["name"]
    assert renamed == (not callable(EDITS[name]))
    if not renamed:
        assert only(before, "Job") == only(after, "Job")


@pytest.mark.parametrize("name", [name for name, edit in EDITS.items() if not callable(edit)])
def test_a_dataset_restarts_no_api(results, name):
    before, after = results
    assert before["Deployment", "api"] == after[name]["Deployment", "api"]


def test_going_back_gives_the_name_back(fork):
    fork.set("production", **BEFORE)
    name = only(fork.objects("production"), "Job")["metadata"]["name"]
    fork.set("production", DATASET_ID="ds2")
    assert only(fork.objects("production"), "Job")["metadata"]["name"] != name
    fork.set("production", DATASET_ID="ds1")
    assert only(fork.objects("production"), "Job")["metadata"]["name"] == name
