"""The two networks: training, evaluation, export, prediction. Knows no screen and no phone."""
