"""What time alone brings about: one module a duty, each a function of `now` that returns how often it acted.

A duty goes through what is due in batches, each thing in a transaction of its own, and remembers what it
told of by a `Reminder` row in the transaction that queues the mail. So it may be run late, run twice, run by
two workers at once, or be killed in between: what is due is told once, and after a long silence only the
most urgent word of it.
"""
