"""Weights that ship with the project: `starter/`, read-only. A person's own are in `$LIDARLIVE_HOME/weights`."""
