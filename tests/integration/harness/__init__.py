"""What the integration tests stand on: origins, lode itself, clients, signatures, content."""
