"""The service over HTTP: publishing, reading, the stream, the web console."""
