"""What scripts/train_tactics is made of: examples, the fit, and the choice of thresholds."""
