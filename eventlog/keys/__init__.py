"""Keys: which client may do what over HTTP. Made and changed here, checked by the API."""
