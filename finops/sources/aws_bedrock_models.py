"""What usage types and product names of Bedrock say of the model and of its tokens. Data only."""

from __future__ import annotations

from collections.abc import Mapping

PRODUCTS = "AmazonBedrock"
"""Product codes begin so: AmazonBedrock, AmazonBedrockService, AmazonBedrockFoundationModels."""
SOLD = "%MP:%token%"
"""Usage types of models that a seller bills by the marketplace; the product names the model, in `EDITION`."""
EDITION = r"^(.+?) \(Amazon Bedrock Edition\)"

_REGION = r"^(?:[A-Z]{2,4}[0-9]?-)?"
MODEL = (
    _REGION + r"(?:MP:.*|(.+?))(?:-mantle)?-(?:text-)?"
    r"(?:(?:cache-(?:read|write)-(?:1h-|5m-)?)?(?:input|output)|cache-(?:read|write)(?:-1h|-5m)?)-tokens?(?:-.*)?$"
)
"""`USE1-NovaLite-input-tokens`, `USE1-NovaLite-cache-read-input-tokens-batch`,
`USE1-Claude4.5Haiku-input-tokens-cross-region-global`,
`USE1-anthropic.claude-opus-4-8-mantle-cache-read-tokens-global-standard`."""
THROUGHPUT = _REGION + r"(?:MP:.*|(.+?))-ProvisionedThroughput"
"""`USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits`: a model by the hour, without tokens."""
GLOBAL = r"(?i)[-_]global\b|[-_]global[-_]"
"""Calls by a global inference profile, which have prices of their own."""
SCOPED = r"^(?:us\.)?(anthropic\.|amazon\.nova-2)"
"""Models that have prices of their own for such calls: their ids begin with `global.` then."""

TOKEN_CLASSES: tuple[tuple[str, str], ...] = (
    (r"(?i)cache[-_]?read", "cache_read"),
    (r"(?i)cache[-_]?write.*1h|1h.*cache[-_]?write", "cache_write_1h"),
    (r"(?i)cache[-_]?write.*5m", "cache_write_5m"),
    (r"(?i)cache[-_]?write", "cache_write"),
    (r"(?i)(image|audio|video|speech).*tokens?|tokens?.*(image|audio|video|speech)", ""),
    (r"(?i)input[-_]?token", "input_uncached"),
    (r"(?i)(output|response)[-_]?token", "output"),
)
"""What a usage type says of its tokens; the first that fits, and nothing where it is not certain."""

_CLAUDE = {
    ("3", "opus"): "20240229-v1:0",
    ("3", "sonnet"): "20240229-v1:0",
    ("3", "haiku"): "20240307-v1:0",
    ("3.5", "sonnet"): "20240620-v1:0",
    ("3.5", "haiku"): "20241022-v1:0",
    ("3.7", "sonnet"): "20250219-v1:0",
    ("4", "opus"): "20250514-v1:0",
    ("4", "sonnet"): "20250514-v1:0",
    ("4.1", "opus"): "20250805-v1:0",
    ("4.5", "sonnet"): "20250929-v1:0",
    ("4.5", "haiku"): "20251001-v1:0",
    **{(version, "opus"): "v1:0" for version in ("4.5", "4.6", "4.7", "4.8")},
    **{(version, "sonnet"): "v1:0" for version in ("4.6", "5")},
    **{(version, "opus"): "" for version in ("5", "5.5")},
}
"""What follows version and family in the id of the model."""
_LLAMA = ("3-8B", "3-70B", "3-1-8B", "3-1-70B", "3-2-1B", "3-2-3B", "3-2-11B", "3-2-90B", "3-3-70B")


def folded(name: str) -> str:
    """A model's name as it is looked up: letters and digits alone. `Claude 3.5 Sonnet` and `Claude3.5Sonnet` are one."""
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())


def _ids() -> dict[str, str]:
    found = {f"nova{kind}": f"amazon.nova-{kind}-v1:0" for kind in ("micro", "lite", "pro", "premier", "sonic")}
    found |= {folded(name): "us.amazon.nova-2-lite-v1:0" for name in ("Nova2Lite", "Nova2.0Lite")}
    found |= {folded(f"Llama{size}"): f"meta.llama{size.lower()}-instruct-v1:0" for size in _LLAMA}
    found |= {f"llama4{kind}17b": f"meta.llama4-{kind}-17b-instruct-v1:0" for kind in ("maverick", "scout")}
    for (version, family), rest in _CLAUDE.items():
        number = version.replace(".", "-")
        middle = f"{number}-{family}" if version.startswith("3") else f"{family}-{number}"
        model = f"anthropic.claude-{middle}" + (f"-{rest}" if rest else "")
        found |= dict.fromkeys((folded(f"Claude{version}{family}"), folded(f"Claude{family}{version}")), model)
    return found | dict.fromkeys(("claude35sonnetv2", "claudesonnet35v2"), "anthropic.claude-3-5-sonnet-20241022-v2:0")


MODEL_IDS: Mapping[str, str] = _ids()
"""Folded name to the id by which Bedrock is called, as calls in traces name it."""
