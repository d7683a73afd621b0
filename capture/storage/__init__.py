"""A recording on disk: its documents, its files, durable writes and repair after a crash."""
