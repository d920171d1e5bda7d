"""What the names of Google's SKUs for language models say of the model and of its tokens. Data only."""

from __future__ import annotations

TOKEN_SERVICES = ("Vertex AI", "Gemini API", "Generative Language API")
SELLERS = r"^Claude\b"
"""Services that bill models of others are named by the model."""

_GEMINI = r"(Gemini [0-9]+(?:\.[0-9]+)? (?:Flash[- ]Lite|Flash|Pro|Ultra))\b"
MODEL_FAMILIES = (
    r"^" + _GEMINI,
    r"(?i)^generate[_ ]content .*token count (?:for )?" + _GEMINI,
    r"^(Claude (?:Opus|Sonnet|Haiku) [0-9]+(?:\.[0-9]+)?)\b",
    r"^(Claude [0-9]+(?:\.[0-9]+)? (?:Opus|Sonnet|Haiku))\b",
)
"""`Gemini 2.5 Flash GA Text Input - Predictions` and `Generate content input token count gemini 2.5 flash short input text` are
`gemini-2.5-flash`."""
OTHER_MODELS = (
    r"(?i)\b(live|image generation|native audio|tts|tuning|tuned|embedding|preview image|computer use)\b"
    r"|\b(flash|pro) image( (text|image|preview|output)|$)"
)
"""SKUs that begin with a model's name and bill another model or another service of it."""

TOKEN_CLASSES: tuple[tuple[str, str], ...] = (
    (r"(?i)storage|grounding|search|tuning|character", ""),
    (r"(?i)cache write.*1 ?h|1 ?h.*cache write", "cache_write_1h"),
    (r"(?i)cache write", "cache_write"),
    (r"(?i)output token count.*(image|audio|video)|(image|audio|video) output token count", ""),
    (r"(?i)output token count", "output"),
    (r"(?i)cach(?:ed|ing|e)\b", "cache_read"),
    (r"(?i)video", ""),
    (r"(?i)audio input|input audio|input token count.*audio", "audio_input"),
    (r"(?i)audio output|output audio", "audio_output"),
    (r"(?i)image input|input image|input token count.*image", "image_input"),
    (r"(?i)image output|output image", "image_output"),
    (r"(?i)\binput\b", "input_uncached"),
    (r"(?i)\boutput\b", "output"),
)
"""The first that fits; nothing where the name leaves a doubt. `Generate content output token count gemini 2.5 flash short input
text` is output: what it says last is how long the prompt was."""
