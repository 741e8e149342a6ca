"""One server, one browser, two models; without a browser these tests are skipped, and say so."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from types import SimpleNamespace

import browsing
import pytest
from samples import Payload


def pytest_collection_modifyitems(items):
    why = browsing.missing()
    for item in items:
        if why and item.path.parent.name == "browser":
            item.add_marker(pytest.mark.skip(reason=f"no browser tests: {why}"))


@pytest.fixture(scope="module")  # not longer: while Playwright is there, no other test can run an event loop
def site(tmp_path_factory):
    """The server, a maker of pages, what was asked of strangers, and where a payload leaves its mark."""
    folder = tmp_path_factory.mktemp("jupyter")
    strangers: list[str] = []
    with browsing.serving(folder) as server, browsing.browsing(server, strangers) as page:
        marker = server.root / "marker"
        (server.root / "clean.pkl").write_bytes(pickle.dumps(OrderedDict(weights=[1, 2])))
        (server.root / "poisoned.pkl").write_bytes(pickle.dumps(Payload(marker)))
        yield SimpleNamespace(server=server, page=page, strangers=strangers, marker=marker)
