"""What `pathlib` is not asked for is what it would say."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from modelscan import spelling


@given(st.text(alphabet="/.a\\ ", max_size=8))
@example(".")
@example("..")
@example("./a")
@example("a/.")
@example("/")
def test_paths_are_spelled_as_pathlib_does(path):
    assert spelling.spelled(path) == str(Path(path))
    assert spelling.absolute(path) == str(Path(path).absolute())
