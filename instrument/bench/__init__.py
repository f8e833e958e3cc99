"""What `ghostnote bench` measures. Each case is a function that answers figures, or says why it can't be had here."""
