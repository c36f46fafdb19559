"""Records in, plain view models, text and HTML out: pure, and without IPython or widgets."""
