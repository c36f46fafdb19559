"""The workbench inside IPython: the only package that knows IPython, its kernel and traitlets' configuration."""
