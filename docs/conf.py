"""Sphinx configuration: `make docs`."""

project = "modelscan for notebooks"
author = "modelscan for notebooks maintainers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "modelscan for notebooks"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "description"
exclude_patterns = ["_build"]
nitpicky = False
