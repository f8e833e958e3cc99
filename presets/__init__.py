"""What ships: trained presets and kit maps. A package so that its files are found."""

FLAGSHIP = "phrases"
"""The preset that plays where none is named."""
