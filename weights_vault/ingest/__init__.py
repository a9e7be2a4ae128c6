"""From a publisher's folder to sealed bodies. The publisher is treated as an attacker: what is not allowed
by name, kind and content is refused with its reason, and nothing is ever loaded, only parsed.

kinds.py      which paths are taken, as what; why others are not
contents.py   what the bytes must look like
source.py     a file opened once, and whether it is still the same
scan.py       the whole folder
tensors.py    digests and statistics of tensors as their bytes go by
seal.py       one file, in one pass
progress.py   what the person at the terminal sees
lock.py       one publish of a release at a time
"""
