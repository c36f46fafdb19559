"""The extension of IPython: magics, `%%actor` cells, completion, errors, output."""
