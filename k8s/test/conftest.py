"""Fixtures for the tests of the manifests."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import Fork, combinations, objects


@pytest.fixture
def fork(tmp_path):
    return Fork(tmp_path)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """Every overlay with every choice of components, rendered: by what was chosen."""
    folder = tmp_path_factory.mktemp("combinations")

    def render(numbered):
        number, (overlay, chosen) = numbered
        fork = Fork(folder / str(number))
        fork.choose(overlay, chosen)
        return f"{overlay} with {', '.join(chosen) or 'nothing more'}", objects(fork.render(overlay))

    with ThreadPoolExecutor() as pool:
        return dict(pool.map(render, enumerate(combinations())))
