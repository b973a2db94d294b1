"""The cost of the service compared with a minimal program: `make bench`. Benchmarks are not tests."""
