"""`eventlog simulate`: a load that can be repeated, and whose counts are known beforehand."""
