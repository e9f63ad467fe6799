"""When a line was written, in the many ways that systems say it.

Data instead of a library: of 1,000 lines of ten systems, python-dateutil (fuzzy) read 5 % right and 6 %
wrong, at 95 µs a line; dateparser half of them right and 40 % wrong, at 9 ms. Both read *a text that is a
date*; in a line they see dates in ports, process ids and versions. `formats` declares what stamps look like
and where they stand, one a line; `survey` settles which of it a file uses; `moments` makes a moment of one.
"""
