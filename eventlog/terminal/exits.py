"""The exit codes of the command line."""

FAILED = 1
USAGE = 2
DIFFERENCE = 3
UNREACHABLE = 4
INTERRUPTED = 130
