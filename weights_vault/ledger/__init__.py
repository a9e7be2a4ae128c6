"""The ledger of deliveries: what is written of each batch, what can be read of it, and what looks unusual.

filesets: the bitmap of a batch's files. writing: one row a batch, in the transaction of what it records.
reading: lists and evidence. origins: addresses, and forgetting them. rules and watch: unusual patterns.
"""
