"""What the lecture says about vanishing and exploding gradients: G4, V1 to V7, E1 to E6, X1, X2."""
