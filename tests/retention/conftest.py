"""With a conftest here, the cases of this folder can be imported from the folders within it."""
