"""Tests of model/motion."""
