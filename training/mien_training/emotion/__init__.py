"""The emotion network: its data, augmentation, architectures, training and evaluation."""
