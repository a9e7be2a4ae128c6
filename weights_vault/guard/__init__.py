"""What stands before headers besides the rule of access, where whoever can write rows cannot reach it.

evidence.py   the votes behind a grant, proved by the reviewers' passkeys
voters.py     the passkeys that the keeper trusts: a file of its own
ceiling.py    how many headers an hour, counted in a file of its own
alarms.py     an alert and a mail when one of these says no
"""
