"""A notebook's actors as a project of their own."""
