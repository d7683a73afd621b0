"""Scale from motion: triangulate tracked points with the phone's poses, and compare them with the prediction."""
