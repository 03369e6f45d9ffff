"""Experiments: one folder per question. See each README for prediction and verdict."""
