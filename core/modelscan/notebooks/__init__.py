"""What stands in a notebook file: cells, the Python and shell text in them, and the outputs that were saved.

Everything here states facts about text. Nothing is run, and IPython is not needed to read its syntax.
"""
