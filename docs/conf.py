"""Sphinx configuration: `make docs`."""

import shutil
from pathlib import Path

project = "modelscan for notebooks"
author = "modelscan for notebooks maintainers"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "modelscan for notebooks"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "description"
exclude_patterns = ["_build"]
nb_execution_mode = "off"  # they are stored with their outputs

# Sphinx reads only below docs/; the notebooks live beside it.
HERE = Path(__file__).parent
(HERE / "notebooks").mkdir(exist_ok=True)
for notebook in (HERE.parent / "notebooks").glob("*.ipynb"):
    shutil.copy(notebook, HERE / "notebooks")

nitpicky = False
