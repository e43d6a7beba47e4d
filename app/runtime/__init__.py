"""What keeps the workers running: delivery, provisioning, embedded servers."""
