"""`python -m eventlog`."""

from eventlog.cli import main

main()
