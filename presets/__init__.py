"""What ships: trained presets and kit maps. Without code: a package so that its files are found."""
