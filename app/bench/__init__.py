"""`lidarlive bench`: benchmarks that measure the real program from outside, in processes."""
