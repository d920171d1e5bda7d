"""The layers that every charge belongs to one of, and the data that tells which: words of services, and FOCUS categories."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Layer = Literal["traditional_compute", "ai_compute", "queue_orchestration", "observability", "other"]
LAYERS: tuple[str, ...] = get_args(Layer)
"""`other` is what is none of the four: support, security, licences of other software, and services that are not known."""


class Words(NamedTuple):
    """Words that name a layer where they stand in a service's name; with `in_meter` in the SKU's meter as well. Compared in lower
    case; a blank at an end is the beginning or end of a word. `strong` words go before the category that a bill names."""

    layer: Layer
    words: tuple[str, ...]
    strong: bool = True
    in_meter: bool = False


WORDS: tuple[Words, ...] = (
    Words(
        "observability",
        (
            *("cloudwatch", "x-ray", "managed grafana", "managed service for prometheus", "grafana", "prometheus", "datadog"),
            *("new relic", "splunk", "honeycomb", "dynatrace", "sentry", "elastic apm", "opentelemetry", "log analytics"),
            *("azure monitor", "application insights", "cloud logging", "cloud monitoring", "cloud trace", "stackdriver"),
            *("langfuse", "langsmith", "helicone", "arize", "phoenix cloud", "logfire", "agentops", "traceloop", "braintrust"),
        ),
    ),
    Words(
        "queue_orchestration",
        (
            *("simple queue", "queueservice", "queue service", "amazonsqs", " sqs ", "simple notification", "amazonsns", " sns "),
            *("eventbridge", "step functions", "awsstepfunctions", "amazonstates", "kinesis", "kafka", "amazonmsk", "amazonmq"),
            *("rabbitmq", "service bus", "event hubs", "event grid", "logic apps", "data factory", "pub/sub", "pubsub"),
            *("cloud tasks", "cloud scheduler", "cloud composer", "eventarc", "airflow", "amazonmwaa", "temporal", "prefect"),
            *("dagster", "inngest", "queue", "durable functions", "application integration"),
        ),
    ),
    Words(
        "ai_compute",
        (
            *("bedrock", "sagemaker", "openai", "anthropic", "claude", "gemini", "vertex", "cognitive services", "azure ai"),
            *("ai foundry", "foundry models", "ai services", "machine learning", "comprehend", "rekognition", "textract"),
            *("mistral", "cohere", "deepseek", "groq", "together ai", "fireworks", "replicate", "hugging face", "huggingface"),
            *("openrouter", "perplexity", "voyage ai", "elevenlabs", "generative ai", "ai platform", "vector search", "pinecone"),
            *(
                "weaviate",
                "qdrant",
                "milvus",
                "zilliz",
                "coreweave",
                "runpod",
                "lambda labs",
                "lambda cloud",
                "amazonq",
                "copilot",
            ),
        ),
    ),
    Words(
        "ai_compute",
        ("gpu", "nvidia", "tpu", "inferentia", "trainium", "neuron", "h100", "h200", "a100", "b200"),
        in_meter=True,
    ),
    Words(
        "traditional_compute",
        (
            *("elastic compute", "amazonec2", " ec2 ", "virtual machine", "compute engine", "lambda", "fargate", "container"),
            *("kubernetes", " eks ", " ecs ", "amazoneks", "amazonecs", "cloud run", "cloud functions", "azure functions"),
            *("app service", "app engine", "simple storage", "amazons3", " s3 ", "block store", "storage", "file system", "disk"),
            *(
                "relational database",
                "amazonrds",
                " rds ",
                "dynamodb",
                "elasticache",
                "redis",
                "memorystore",
                "database",
                " sql ",
            ),
            *("cosmos db", "bigquery", "redshift", "snowflake", "databricks", "athena", "cloudfront", "load balanc", "bandwidth"),
            *("networking", "virtual private cloud", "virtual network", "data transfer", "nat gateway", "route 53", " dns "),
        ),
        strong=False,
    ),
)
"""In order: the first that fits decides."""

CATEGORIES: tuple[tuple[str, str, Layer], ...] = (
    ("ai and machine learning", "", "ai_compute"),
    ("integration", "", "queue_orchestration"),
    ("management and governance", "observability", "observability"),
    ("compute", "", "traditional_compute"),
    ("containers", "", "traditional_compute"),
    ("storage", "", "traditional_compute"),
    ("databases", "", "traditional_compute"),
    ("networking", "", "traditional_compute"),
    ("analytics", "", "traditional_compute"),
    ("web", "", "traditional_compute"),
)
"""(ServiceCategory, ServiceSubcategory or empty for any, layer) of FOCUS, in lower case."""


def word_rows() -> list[tuple[int, str, str, bool, bool]]:
    """(place, word, layer, strong, in_meter): one row a word, in the order in which they decide."""
    rows = [(entry, word) for entry in WORDS for word in entry.words]
    return [(place, word, entry.layer, entry.strong, entry.in_meter) for place, (entry, word) in enumerate(rows)]
