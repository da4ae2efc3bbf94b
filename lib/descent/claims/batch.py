"""Claims of the lecture's sections on batch gradient descent."""
