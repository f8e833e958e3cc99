"""The pure core: music as values. It reads no clock, file or port, starts no thread and draws no number by itself."""
