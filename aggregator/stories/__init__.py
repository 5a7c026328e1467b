"""One story, once: what ties articles, how they part into stories, and who leads each."""
