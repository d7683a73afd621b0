"""The published claims about the original pair, tried again: `make reproduce`.

`images` selects the data, `trials` trains and tests, `results` stores the figures, `claims` compares them with the
published ones, `document` and `plots` render them.
"""
