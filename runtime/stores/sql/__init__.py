"""The journal in a SQL server, through SQLAlchemy."""
