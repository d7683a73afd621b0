"""Export a version to OpenVINO and to the formats of other programs."""
