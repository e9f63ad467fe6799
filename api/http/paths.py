"""The paths that are answered past FastAPI, for whoever needs to know them and not their routes."""

PUBLISH = ("/publish", "/publish/batch")
STREAM = "/events/stream"
