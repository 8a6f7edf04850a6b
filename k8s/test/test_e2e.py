"""What of e2e.sh can be tried without a cluster."""

import subprocess

from support import ROOT

# As e2e.sh does where it ends before it has asked anything.
ENDING = """
set -euo pipefail
work=$1 url=''
source "$2"
sleep 60 &
stop_asking
kill $!
"""


def test_it_ends_before_anyone_has_asked(tmp_path):
    people = ROOT / "k8s/e2e/people.sh"
    subprocess.run(["bash", "-c", ENDING, "bash", tmp_path, people], check=True, timeout=20)
