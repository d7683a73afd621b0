"""What `record` reports while it runs, and the watch over a source from which nothing arrives."""
