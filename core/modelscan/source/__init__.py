"""Bytes: where they come from, opened once, and the archives and codecs they may be wrapped in."""
