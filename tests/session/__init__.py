"""What a performance is: knobs, history, recording, and the bars that come of them."""
