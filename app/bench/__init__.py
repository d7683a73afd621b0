"""Benchmarks that anyone can run: `lidarlive bench ...`. They measure the real program from outside, in processes."""
