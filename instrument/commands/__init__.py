"""The commands of `ghostnote`, by what they are for. Each module's `register` adds its own to the app."""
