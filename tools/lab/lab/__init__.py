"""Sweeps of quantization as style: grids of pictures, their measures, and a report."""

__version__ = "0.1.0"
