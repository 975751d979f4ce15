"""The drawings that the painter learns from: shapes, looks, subjects, scenes. See README.md."""
