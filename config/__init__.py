"""The front door: settings, wiring, command line. Nobody imports this package."""
