"""What the service costs beside the least that could do the same: `make bench`. A benchmark is no test."""
