"""What a request asks: query parameters, cursors, pages, and how pages become a stream."""
