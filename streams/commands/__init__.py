"""One module per command of `stillwatch`."""
