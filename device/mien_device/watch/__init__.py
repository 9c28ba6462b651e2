"""A film as mien sees it: faces, readings and mood drawn over each picture."""
