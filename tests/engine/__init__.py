"""The engine by a manual clock and a memory port, and as the process that it is."""
