"""Alerts and dashboard ask for what there is, in a language that Prometheus reads."""

import json
import re
import subprocess

import promql_parser
import pytest
import yaml

from support import ROOT

COMPONENT = ROOT / "k8s/components/monitoring"
# What kube-state-metrics and the kubelet bring.
FOREIGN = re.compile(r"(kube|container)_[a-z_]+")


def rules():
    (group,) = yaml.safe_load((COMPONENT / "prometheusrule.yaml").read_text())["spec"]["groups"]
    return group["rules"]


def panels():
    return json.loads((COMPONENT / "segue.json").read_text())["panels"]


def queries():
    for rule in rules():
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in panels():
        for target in panel["targets"]:
            query = target["expr"].replace("$namespace", "segue")
            yield pytest.param(query, id=panel["title"])


def metrics():
    """The names of Segue's figures, from where the sources have them."""
    names = set()
    for path in ROOT.glob("*/src/**/*.rs"):
        source = path.read_text()
        names |= set(re.findall(r'"(segue_[a-z_]+)"', source))
        for prefix in re.findall(r'with_prefix\("(\w+)"\)', source):
            for name in re.findall(r'\.register\(\s*"(\w+)"', source):
                # The encoder appends _total to counters.
                names |= {f"{prefix}_{name}", f"{prefix}_{name}_total"}
    # The parts of a histogram.
    return names | {name + part for name in names for part in ("_bucket", "_count")}


@pytest.mark.parametrize("query", queries())
def test_a_query_is_one_and_asks_for_figures_that_there_are(query):
    promql_parser.parse(query)
    named = set(re.findall(r"\b(?:segue|kube|container)_\w+", query))
    assert named
    unknown = {name for name in named if not FOREIGN.fullmatch(name)} - metrics()
    assert not unknown


def test_a_wrong_query_is_found():
    with pytest.raises(ValueError):
        promql_parser.parse("sum by (pod (segue_watcher_api_up)")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_each_alert_is_explained(rule):
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in ("critical", "warning")
    operations = (ROOT / "docs/operations.md").read_text()
    assert f"`{rule['alert']}`" in operations


def test_alerts_fire_in_the_states_they_are_for(tmp_path):
    rule = yaml.safe_load((COMPONENT / "prometheusrule.yaml").read_text())
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))
    (tmp_path / "alerts.yaml").write_text((ROOT / "k8s/test/alerts.yaml").read_text())
    told = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "alerts.yaml"], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_panels_do_not_overlap():
    taken = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) < 24
