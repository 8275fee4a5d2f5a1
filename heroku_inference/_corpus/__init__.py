"""Many texts to vectors, in a job that can be stopped and goes on."""
