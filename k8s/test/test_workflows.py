"""Workflows run where what they run is made for. That they are well-formed, actionlint sees to."""

import re

import yaml

from support import ROOT


def test_tests_run_on_debian_with_the_compiler_of_the_images():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    (job,) = (
        each for each in jobs.values() if any(step.get("run") == "make test" for step in each["steps"])
    )
    compilers = {
        re.search(r"^ARG RUST_IMAGE=(.*)$", path.read_text(), re.MULTILINE)[1]
        for path in ROOT.glob("images/*.Containerfile")
    }
    assert compilers == {f"docker.io/library/{job['container']['image']}"}
