"""What every command shares: options turned into a command, the reference, signals."""
