"""HTTP as it comes and goes: processes, protocol, connections, bounds, bodies, middleware."""
