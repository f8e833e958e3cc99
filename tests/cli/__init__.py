"""The command line, as a player types it."""
