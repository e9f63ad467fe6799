"""Projections of one's own: found, limited, tried."""
