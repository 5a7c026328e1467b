"""Pages of the desk, one module for each of its rooms. A page is a function from a Call to a
response; what it shows comes from the modules beside this package, what it does from actions."""
