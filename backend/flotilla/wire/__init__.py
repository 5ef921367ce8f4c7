"""What crosses the API: the shapes that REST answers and socket messages share.

Money and quantities are decimal strings, times RFC 3339 UTC. Reads of them are generated into the
page's TypeScript (`make api`), so a change here is a change of the contract.
"""
