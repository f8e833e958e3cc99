"""Learns: the Groove MIDI Dataset into bars, bars into a GAN, a GAN into a run folder of snapshots and scores."""
