"""The pickle machine: what a stream asks its loader to do, without doing it.

Nothing here imports, calls or builds what the stream names; nothing here knows which names are bad.
"""
