"""Reasons to start with: (verdict, title, text). Staff take them over by a button, and then change them.

They are written to a person who waits: what is missing, what to do, no lawyers' words. None is legal advice.
"""

from typing import Final

REASONS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "approve",
        "Clear research purpose",
        "The purpose is clear, it is research, and it fits the license.",
    ),
    (
        "request_changes",
        "Purpose too general",
        "Please describe the project itself: the question you study, how you use the weights for it, and what"
        " you plan to publish. Two or three sentences are enough.",
    ),
    (
        "request_changes",
        "Who can read the machine",
        "Please say where the weights will be kept and who has access to that machine or storage.",
    ),
    (
        "request_changes",
        "Cannot tell who you are",
        "We could not connect your account to your institution. Please write from an address there,"
        " or name a page or a person there who can confirm who you are.",
    ),
    (
        "request_changes",
        "Ask together with your group",
        "Several people of your group asked for the same weights. Please name them as co-applicants in one"
        " request.",
    ),
    (
        "reject",
        "Use outside the license",
        "The use you describe is not permitted by the license. It allows noncommercial research alone.",
    ),
    (
        "reject",
        "Identity not confirmed",
        "We could not confirm who you are, also after asking. You may appeal, with evidence that we can"
        " check.",
    ),
    (
        "grant",
        "Suspended while we ask",
        "Access is on hold while we clear up a question with you. Please write to us on the page of your"
        " request.",
    ),
)
