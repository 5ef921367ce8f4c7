"""PostgreSQL: what the engine keeps, the outbox, notifications and the engine's lock.

rows      rows to domain values and back
store     the engine's store: bots, steps, statuses
steps     what a step leaves behind: decisions, orders to be sent, checkpoint
booking   what a broker's report changes: order, fill, position, trade, cash, events
outbox    numbering and reading facts
notify    LISTEN/NOTIFY
lock      one engine per account
"""
