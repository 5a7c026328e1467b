"""How often to ask: the schedule against rules of others, on simulated posting."""
