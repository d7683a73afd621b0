"""Tests of app/bench/motion."""
