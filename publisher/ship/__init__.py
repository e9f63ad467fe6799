"""`eventlog ship`: the lines of files as events, once each, however often they are shipped."""
