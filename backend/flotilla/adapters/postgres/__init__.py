"""PostgreSQL: what the engine keeps, the outbox, notifications and the engine's lock.

rows      rows to domain values and back
store     the engine's store: bots, steps, statuses
bot_catalogue  the bots as the engine looks at them, each version of a definition read once
memories  what bots' states are folded from, of many at once
statuses  what bots do now, of many at once
steps     what steps leave behind: decisions, orders to be sent, checkpoints
group_commit  many writes that wait at the same time, in one transaction
booking   what a broker's report changes: order, fill, position, trade, cash, events
outbox    numbering and reading facts
notify    LISTEN/NOTIFY
lock      one engine per account
"""
