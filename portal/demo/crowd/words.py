"""What the invented people are called and say. None of them exists."""

import base64
import random


def _each(text: str, between: str = " ") -> tuple[str, ...]:
    return tuple(text.split(between))


FIRST = _each(
    "Ada Amir Ana Anders Bea Bo Chen Chi Dana Diego Eli Emma Farid Fatou Grace Hana Ida Ines Ivan Jin Jonas "
    "Kai Kofi Lars Leila Lin Luca Mara Mei Miguel Nadia Nils Noor Olga Omar Pia Priya Quinn Rana Rosa Sana "
    "Sven Tala Tomas Uma Vera Wei Xu Yara Zoë"
)
LAST = _each(
    "Abe Adeyemi Ahmed Almeida Andersson Baker Becker Berg Bianchi Boateng Castro Chen Costa Dubois Eriksen "
    "Fischer Garcia Haddad Hansen Hoffmann Ivanova Jansen Johansson Kaya Kim Kowalski Kumar Larsen Laurent "
    "Lee Lindqvist Lopez Mbeki Menon Moreau Nakamura Nguyen Novák Okafor Olsen Park Patel Petrov Ricci Rossi "
    "Santos Sato Schmidt Silva Singh Smith Tanaka Tran Weber Weiss Wong Yilmaz Zhang Zimmermann"
)
PLACES = _each(
    "Aldenburg Arvika Bellmont Brookfield Calder Carsten Corvallo Dalmora Eastmere Elmira Fairhaven Glenrock "
    "Halden Harlow Istria Kestrel Kingsport Lanark Larkspur Marlow Merida Northgate Norwood Oakley Orvieto "
    "Palmyra Quarry Redwick Riverton Salerno Selby Solberg Stavern Thornby Ulmen Verdal Westmark "
    "Whitby Yarrow"
)
KINDS = (
    "University of {}",
    "{} Institute of Technology",
    "{} University",
    "{} Research Center",
    "{} Labs",
    "Institute for Language, {}",
)
TOPICS = _each(
    "attention heads|bias in hiring text|calibration|catalysis|code completion|compression|contract law|"
    "data contamination|dialects|distillation|embeddings|fairness|few-shot learning|hallucination|"
    "interpretability|jailbreaks|knowledge editing|legal reasoning|long contexts|low-resource languages|"
    "machine translation|medical notes|memorization|multilingual toxicity|numerical stability|pruning|"
    "quantization|question answering|red teaming|retrieval|robustness|scaling laws|speech|summarization|"
    "tokenization|training instabilities|unlearning|watermarks",
    "|",
)
METHODS = _each(
    "activation patching|ablation studies|adversarial probes|causal tracing|a controlled user study|"
    "counterfactual prompts|gradient analysis|human evaluation|layer-wise comparison|linear probes|"
    "low-rank adapters|sparse autoencoders|statistical tests|unit tests of behavior",
    "|",
)
OUTPUTS = _each(
    "We publish code and figures.|Results go to a peer-reviewed venue.|A dataset of annotations is released."
    "|A thesis comes of it.|The measurements feed a public benchmark.",
    "|",
)
REASONS = _each(
    "The stated use is a commercial product.|The purpose is too broad to judge.|"
    "We could not confirm the group.|The machine is shared with people outside the institution.",
    "|",
)
QUESTIONS = _each(
    "Please say who can read the machine.|Which corpus will you use?|Is the work funded by a company?",
    "|",
)
# People come from few countries mostly.
COUNTRIES = (
    *("US",) * 8,
    *("CN", "DE", "GB", "IN") * 3,
    *_each("FR CA JP KR CH SE NL IT ES BR AU IL SG PL CZ NO DK FI AT BE NG KE ZA EG TR MX AR CL VN ID TH MY"),
)


def made_id(rng: random.Random, prefix: str) -> str:
    """As `portal.core.ids.public_id` makes them, but the same for the same seed."""
    return f"{prefix}_{base64.b32encode(rng.randbytes(15)).decode().lower()}"


def person_name(number: int) -> str:
    """A name that thousands of people do not share, with a middle letter where they would."""
    first, rest = FIRST[number % len(FIRST)], number // len(FIRST)
    last, round_ = LAST[rest % len(LAST)], rest // len(LAST)
    return f"{first} {chr(64 + round_ % 26 + 1)}. {last}" if round_ else f"{first} {last}"


def organization_name(number: int) -> str:
    place, rest = PLACES[number % len(PLACES)], number // len(PLACES)
    kind, round_ = KINDS[rest % len(KINDS)], rest // len(KINDS)
    return kind.format(f"{place} {round_ + 1}" if round_ else place)


def purpose(rng: random.Random) -> str:
    """Two or three sentences about what the weights are for."""
    topic, other = rng.sample(TOPICS, 2)
    return (
        f"We study {topic} and {other} in large language models by {rng.choice(METHODS)} and "
        f"{rng.choice(METHODS)}. {rng.choice(OUTPUTS)}"
    )
