"""The published claims about the original pair, tried again: `make reproduce`.

`images` says what is trained and tested on, `trials` trains and tests, `results` keeps what was measured as it comes,
`claims` holds it against what was published, `document` and `plots` write it down.
"""
