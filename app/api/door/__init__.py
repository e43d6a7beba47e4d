"""What a request passes before a route sees it."""
