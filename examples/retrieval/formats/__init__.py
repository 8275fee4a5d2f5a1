"""The kinds of files that the examples read: one module for each turns a file into its parts."""
