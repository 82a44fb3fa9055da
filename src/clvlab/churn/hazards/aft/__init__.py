"""Accelerated failure time: lifetimes of a shape, chosen by what it made of months not seen."""
