"""State stores: where turns, states and definitions are kept; `base` says what every store promises."""
