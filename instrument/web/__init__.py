"""The instrument's screens in browsers: one performance, as many screens as are opened."""
