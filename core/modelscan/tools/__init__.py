"""Tools of modelscan 0.8 that callers import."""
