"""The distribution: what is built, and how it runs outside the checkout."""
