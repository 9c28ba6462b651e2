"""Turns trained networks into int8 model directories, and checks them."""
