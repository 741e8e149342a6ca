"""What is answered without `platformdirs` is what it answers."""

from __future__ import annotations

import subprocess
import sys

import platformdirs
import pytest

from modelscan import folders

PLACES = {
    folders.user_data: platformdirs.user_data_dir,
    folders.user_config: platformdirs.user_config_dir,
}
VARIABLES = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")


@pytest.mark.parametrize("value", [None, "", "/srv/x", "/srv/x/", "relative", "/a:/b", " ", "~"])
@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("place", PLACES)
def test_as_the_library_says(place, variable, value, monkeypatch):
    for name in VARIABLES[1:]:
        monkeypatch.delenv(name, raising=False)
    if value is None:
        monkeypatch.delenv(variable, raising=False)
    else:
        monkeypatch.setenv(variable, value)
    try:
        expected = PLACES[place]("modelscan", appauthor=False)
    except RuntimeError:
        with pytest.raises(RuntimeError):
            place()
    else:
        assert place() == expected


def test_the_machines_folder_is_the_librarys_without_variables(monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_DIRS", raising=False)
    assert folders.site_config() == platformdirs.site_config_dir("modelscan", appauthor=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the library is asked")
def test_on_linux_the_library_is_not_imported():
    code = "import sys; from modelscan import folders; folders.user_data(); print('platformdirs' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], env={"HOME": "/home/x"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
