"""nbatool: the next best action for every customer, worth its money, at night and live."""

__version__ = "0.1.0"
