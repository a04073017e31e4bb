"""What the bundled model learns from and is measured on: three sides of each set, and no text on two of them."""
