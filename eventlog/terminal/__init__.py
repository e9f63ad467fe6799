"""What people see in a terminal: how commands print, say and end, and the ones that read over HTTP."""
