"""The two networks: training, evaluation, export, prediction. Independent of window and phone."""
