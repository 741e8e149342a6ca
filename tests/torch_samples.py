"""TorchScript archives, written by torch itself."""

from __future__ import annotations

import io
import warnings


def saved(write, *values):
    """What `write` writes. torch calls some of its own ways of saving deprecated."""
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(*values, target)
    return target.getvalue()


def opens(marker) -> bytes:
    """TorchScript whose `__setstate__` saves a tensor."""
    import torch

    class Opens(torch.nn.Module):
        def __init__(self, path: str):
            super().__init__()
            self.path = path

        @torch.jit.export
        def __getstate__(self):
            return self.path, self.training

        @torch.jit.export
        def __setstate__(self, state: tuple[str, bool]):
            self.path = state[0]
            self.training = state[1]
            torch.save(torch.zeros(1), self.path)

        def forward(self, x):
            return x

    return saved(lambda target: torch.jit.save(torch.jit.script(Opens(str(marker))), target))
