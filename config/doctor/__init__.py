"""What `feedmill doctor` looks at, one module per concern; each gives findings, changes nothing.

finding (what is said) · configuration · permissions · disk · clocks · database · running ·
sources · asking (requests to our own site) · site (does it show this installation) · front (does
the web server before it do its part) · examination (all of them in order)
"""
