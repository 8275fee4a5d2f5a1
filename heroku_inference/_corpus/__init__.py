"""A corpus to vectors: jobs that can be killed and run again, without paying twice."""
