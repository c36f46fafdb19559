"""Contracts: actors declared in `.proto` files, and `.proto` files made from actors."""
