"""Values, tables, numbers and times as text and HTML: the kit that results and panels are drawn with."""
