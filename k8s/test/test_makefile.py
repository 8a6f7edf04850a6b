"""What `make` runs, in which order and as whom, told by a shell that only notes it."""

import os
import subprocess

import pytest

from support import ROOT

SHELL = """#!/bin/sh
case "$2" in *dpkg*) sleep 1 ;; esac
printf '%s\\n' "$2" >>"{noted}"
"""


@pytest.fixture
def make(tmp_path):
    noted, shell = tmp_path / "noted", tmp_path / "shell"
    shell.write_text(SHELL.format(noted=noted))
    shell.chmod(0o755)

    def run(*arguments, **environment):
        # Without what a make that runs these tests hands on to others.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        inherited.pop("CARGO_TARGET_DIR", None)
        command = ["make", "--silent", f"SHELL={shell}", "CARGO=cargo", *arguments]
        ran = subprocess.run(
            command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True
        )
        return ran, noted.read_text().splitlines()

    return run


def test_nothing_begins_before_the_tools_are_there(make):
    ran, commands = make("--jobs=4", "test")
    assert ran.returncode == 0, ran.stderr
    at = [place for place, each in enumerate(commands) if ".ci/venv" in each or "dpkg" in each]
    others = [place for place, each in enumerate(commands) if "cargo " in each or ".sh" in each]
    assert at and others and max(at) < min(others)


def test_only_what_needs_root_is_run_as_root(make):
    _, commands = make("SUDO=sudo", "test-images")
    compiling, testing = [each for each in commands if "images/" in each]
    assert "images/build.sh --compile target/images" in compiling and "sudo" not in compiling
    assert testing.startswith("sudo ") and "images/test.sh target/images" in testing


def test_programs_run_from_where_cargo_puts_them(make):
    _, commands = make("up", CARGO_TARGET_DIR="/elsewhere")
    assert commands[-1] == "/elsewhere/release/segue up"


def test_quality_is_measured_where_a_dataset_is_given(make):
    ran, _ = make("bench-quality")
    assert ran.returncode != 0 and "DATASET=" in ran.stderr
    asked = "--dataset playlists.csv"
    assert not any("quality" in each for each in make("bench")[1])
    assert any("quality" in each and asked in each for each in make("bench", "DATASET=playlists.csv")[1])


@pytest.fixture
def programs(tmp_path):
    """A PATH with programs that note what they are told: a compiler, and something that builds images."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def add(name, script):
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{folder}/told"\n{script}\n')
        (folder / name).chmod(0o755)

    add("rustc", "echo this-machine")
    add("cargo", f"cd {tmp_path}/target/this-machine/debug && touch segue-api segue-watcher segue-miner")
    add("buildah", "")
    (tmp_path / "target/this-machine/debug").mkdir(parents=True)
    return folder


def test_compiling_and_assembling_are_separate(programs, tmp_path):
    binaries = tmp_path / "binaries"
    given = dict(
        os.environ,
        PATH=f"{programs}:{os.environ['PATH']}",
        PROFILE="dev",
        ENGINE="buildah",
        CARGO_TARGET_DIR=str(tmp_path / "target"),
    )

    def told(how):
        subprocess.run([ROOT / "images/build.sh", how, binaries, "1.10"], env=given, check=True)
        lines = (programs / "told").read_text().splitlines()
        (programs / "told").unlink()
        return [line.partition(" ")[0] for line in lines]

    assert told("--compile") == ["rustc", "cargo"]
    names = {"segue-api", "segue-watcher", "segue-miner", "ca-certificates.crt"}
    assert {path.name for path in binaries.iterdir()} == names
    assert told("--assemble") == ["buildah", "buildah"]
