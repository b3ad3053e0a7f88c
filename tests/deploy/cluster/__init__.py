"""A Kubernetes for tests, of processes on this machine."""
