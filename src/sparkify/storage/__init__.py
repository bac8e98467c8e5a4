"""Where bytes are kept on this machine for a while, and how S3 is reached."""
