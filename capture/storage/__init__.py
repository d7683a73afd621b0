"""Recordings on disk: their files and documents, durable writes, repair after a crash, and renaming."""
