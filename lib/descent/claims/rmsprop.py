"""What the lecture says about RMSProp, R1 to R7."""
