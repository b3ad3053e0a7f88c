"""Word lists from which prompts are put together, one module for each language."""
