-- sources_gateways: by day, what model calls cost by the records' own word, one record per call: a gateway's, else the trace's.
WITH record AS (
    SELECT
        coalesce(c.same_as, c.call_key) AS call_id, c.call_key, c.call_day, c.provider, c.account, c.model, coalesce(c.source, 'otlp') AS source,
        c.reported_cost, coalesce(c.reported_currency, 'USD') AS currency,
        CASE WHEN coalesce(c.source, '') IN ('litellm_logs', 'helicone', 'portkey', 'openrouter_activity') THEN 0 ELSE 1 END AS rank
    FROM fct_call c
    WHERE c.operation IN ('inference', 'embeddings') AND c.reported_cost IS NOT NULL
        AND (c.same_as IS NOT NULL OR c.counted)
        AND ($first IS NULL OR c.call_day >= CAST($first AS DATE)) AND ($end IS NULL OR c.call_day < CAST($end AS DATE))
),
chosen AS (
    SELECT r.call_id, min(r.rank || ' ' || r.source || ' ' || r.call_key) AS best
    FROM record r
    GROUP BY r.call_id
)
SELECT
    r.call_day AS day, r.provider, r.account, r.model, r.source, r.currency,
    count(*) AS records,
    CAST(sum(r.reported_cost) AS DECIMAL(38, 12)) AS cost
FROM record r
JOIN chosen c ON c.call_id = r.call_id AND c.best = r.rank || ' ' || r.source || ' ' || r.call_key
GROUP BY r.call_day, r.provider, r.account, r.model, r.source, r.currency
ORDER BY r.call_day, r.provider, r.account, r.model, r.source, r.currency
