"""View models: results and panels as text, HTML and plain data, without a front end."""
