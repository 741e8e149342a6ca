"""Opinions about names and structures: data in TOML, and the matcher that reads it."""
