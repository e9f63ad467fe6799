"""Webhooks: signatures, definitions, and what becomes of bodies."""
