"""What the lecture says about Adam, A1 to A10."""
