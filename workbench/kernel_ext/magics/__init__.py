"""The magics, one class a subject, over the functions of `workbench.commands`."""
