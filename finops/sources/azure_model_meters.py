"""What the names of Azure's meters for language models say of the model and of its tokens. Data only.

Words are abbreviated in many ways, and blanks and hyphens mean the same: `gpt-4o-0806-Inp-glbl Tokens`, `GPT 5 cchd Inpt Glbl`,
`5.4 mini cd inp Gl 1M Tokens`. Names are looked at in lower case with blanks for hyphens and low lines."""

from __future__ import annotations

OURS = "%tokens"
"""Meters that bill tokens, whatever the product; those of OpenAI also without the word."""
FAMILY = "%openai%"
"""In the name of the product or of the meter's category."""

_CACHED = r"(?:cached|cchd|ccchd|cache|cach|cd|ch)"
_INPUT, _OUTPUT = r"(?:batch ?)?(?:inp|inpt|input|in)", r"(?:batch ?)?(?:outp|outpt|output|opt|out)"
_WORDS = (
    rf"{_CACHED}|{_INPUT}|{_OUTPUT}|batch|aud|audio|txt|text|img|image|rt|realtime|ft|dev ft|std|pp|shortco|longco|glbl|gl|global"
    r"|regnl|rgnl|rg|regional|data zone|datazone|dzone|dz|1m tokens|tokens"
)
MODEL = rf"^(.+?) (?:{_WORDS})\b"
"""What stands before the first word that speaks of something else than the model."""
DATED = r" ?(?:(?:0[1-9]|1[0-2])[0-3][0-9](?:20[0-9]{2})?)$"
"""The day of the model's version at the end of its name: `gpt 4o mini0718`, `o4 mini 0416`."""
BARE = r"^([0-9])"
"""`5.4 mini` is `gpt-5.4-mini`."""
OTHER_MODELS = (
    r"\b(rt|realtime|tts|whisper|transcribe|sora|dall e|aud|audio|training|train|trng|hosting|provisioned|grdr|search)\b"
)
"""Meters of which the name says too little of the model, or which bill something else."""

TOKEN_CLASSES: tuple[tuple[str, str], ...] = (
    (r"\b(training|train|trng|hosting|video)\b", ""),
    (rf"\b{_CACHED} (?:wr|write)\b", "cache_write"),
    (rf"\b{_CACHED}\b.*\b(aud|audio|img|image)\b|\b(aud|audio|img|image)\b.*\b{_CACHED}\b", ""),
    (rf"\b{_CACHED}\b", "cache_read"),
    (rf"\b(?:aud|audio)\b.*\b{_INPUT}\b", "audio_input"),
    (rf"\b(?:aud|audio)\b.*\b{_OUTPUT}\b", "audio_output"),
    (rf"\b(?:img|image)\b.*\b{_INPUT}\b", "image_input"),
    (rf"\b(?:img|image)\b.*\b{_OUTPUT}\b", "image_output"),
    (rf"\b{_INPUT}\b", "input_uncached"),
    (rf"\b{_OUTPUT}\b", "output"),
    (r"\bembedding\b", "input_uncached"),
)
"""The first that fits; nothing where the name leaves a doubt."""
