"""What ships: trained presets and kit maps. A package without code, so that its files are found wherever it is installed."""
