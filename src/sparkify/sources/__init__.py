"""What there is to read: folders and object stores behind one interface."""
