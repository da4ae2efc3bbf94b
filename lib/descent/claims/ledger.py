"""What the lecture says about all optimizers together, G2 and G3."""
