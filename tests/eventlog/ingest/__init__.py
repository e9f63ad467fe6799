"""Definitions of /ingest, and their command."""
