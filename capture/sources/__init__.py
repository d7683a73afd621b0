"""Sources of live frames: a phone through either driver, the stand-in phone, a recording played back."""
