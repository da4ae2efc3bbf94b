"""What the lecture says about Momentum, MO1 to MO5."""
