"""Other people's networks, written again from their papers, for the benchmark to hold ours against."""
