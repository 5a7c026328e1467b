"""`feedmill etiquette`: the installed poller, met by a hostile origin on loopback, and judged.

origin     real HTTP over sockets on 127.x.y.z, that notes every request to the byte
replies    what it answers: documents, refusals, drips
bench      the installed command in a temporary folder, its clock and its verbs
story      what is done in which order, at which hours of the rehearsal
seen       what the judges look at: requests, store, log, output
rules/     E1 … E32, each a scenario and a judge
report     thirty-two lines, or JSON
"""
