"""The practice market: a server of Alpaca's own REST and WebSocket protocol, its own program.

It imports nothing of the engine or the domain: it is the independent second implementation of the
fill model. Read in the order in which data flows:

    sources/     where bars come from: synthetic, or a replay of real ones (seam: source.py)
    matching/    the pure core: accounts, orders, fills (seam of the fill models: fill_model.py)
    venue        core + clock + store + streams, one thing at a time: what requests do, on top of
                 market_time (minutes pass) and committed_market (in memory is what is committed)
    store        what is committed before anything is acknowledged or published; queries: the reads
    wire         Alpaca's JSON forms
    rest/        Alpaca's REST paths, and control under /practice
    publishing/  what goes out to listening connections
    streams/     the WebSocket protocols: trade updates and market data
    server       the program: `serve(settings)`
"""
