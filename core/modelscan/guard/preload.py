"""Guards this process when it is imported, if its parent process said so: for the server that forks workers."""

from modelscan.guard.workers import begin_from_environment

begin_from_environment()
