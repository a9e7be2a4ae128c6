"""From a publisher's folder to sealed bodies. The publisher is treated as an attacker: what is not allowed
by name, kind and content is refused with its reason, and nothing is ever loaded, only parsed.

kinds.py      which paths are taken, as what; why others are not
contents.py   what the bytes must look like
source.py     a file opened once, and whether it is still the same
scan.py       the whole folder
alike.py      whether a file is one that is in the store already
seal.py       one file, in one pass
sums.py       its SHA-256 and the figures of its tensors, beside the sealing
tensors.py    digests and statistics of tensors as their bytes go by
pieces.py     sealing parts and putting them into the store
under_way.py  what is remembered of a body while it is sealed, to go on with it
memory.py     large buffers given back to the system
read_back.py  stored bodies, for the smoke worker
progress.py   what the person at the terminal sees
lock.py       one publish of a release at a time
"""
