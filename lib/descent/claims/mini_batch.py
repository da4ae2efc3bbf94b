"""Claims of the lecture's sections on mini_batch gradient descent."""
