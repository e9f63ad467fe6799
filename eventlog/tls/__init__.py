"""Certificates: the service's own, its clients', and whom our clients trust."""
