"""The terminal instrument: pictures as pure functions, keys and screens through Textual's pilot, exits under a pty."""
