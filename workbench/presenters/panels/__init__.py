"""The live panels as data and as static text and HTML."""
