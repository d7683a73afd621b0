"""The commands of `lidarlive weights`: one file a command."""
