"""The scrubber: reads what is stored, again and again, and compares it with what was signed (I6).

    reading.py    one sitting over one body: which parts are not what was signed
    control.py    is it the store that is wrong, and not the body?
    due.py        whose turn it is
    findings.py   what a reading is worth: the row, the recall of the revisions, the mail
    rounds.py     the job, and the check of a whole revision at once

Two answers of the store must never be confused. *It is not what was signed* is damage, and recalls. *It
cannot be read now* says nothing about the body: nothing is recalled, and somebody looks again later. A store
that gives out nonsense for every object has damaged none: it cannot be read.
"""
