-- sources_sampling: by day, what sampled spans stand for beyond what counts already, and the variance of that estimate (runs are sampled
-- whole: sum over runs of weight x (weight - 1) x cost of the run squared; Horvitz and Thompson 1952), in 1e-18 of the currency squared.
WITH record AS (
    SELECT
        coalesce(c.same_as, c.call_key) AS call_id, c.call_key, c.run_id, c.told_weight,
        coalesce(c.source, '') IN ('litellm_logs', 'helicone', 'portkey', 'openrouter_activity') AS is_gateway
    FROM fct_call c
    WHERE c.operation IN ('inference', 'embeddings')
        AND ($first IS NULL OR c.call_day >= CAST($first AS DATE)) AND ($end IS NULL OR c.call_day < CAST($end AS DATE))
),
traced AS (
    SELECT r.call_id, max(r.told_weight) AS told_weight
    FROM record r
    WHERE NOT r.is_gateway
    GROUP BY r.call_id
    HAVING max(r.told_weight) > 1
),
run AS (
    SELECT
        c.run_id, min(c.call_day) AS day, c.provider, c.account, c.model, c.currency, max(t.told_weight) AS weight,
        CAST(sum(c.list_cost) AS DECIMAL(38, 12)) AS cost,
        CAST(sum(c.list_cost * CAST(t.told_weight - c.sampling_weight AS DECIMAL(18, 6))) AS DECIMAL(38, 12)) AS beyond
    FROM fct_call c
    JOIN traced t ON t.call_id = c.call_key
    WHERE c.counted AND c.list_cost IS NOT NULL AND c.currency IS NOT NULL
    GROUP BY c.run_id, c.provider, c.account, c.model, c.currency
)
SELECT
    r.day, r.provider, r.account, r.model, r.currency,
    CAST(sum(r.beyond) AS DECIMAL(38, 12)) AS beyond,
    CAST(sum(CAST(round(r.cost * 1000000) AS HUGEINT) * CAST(round(r.cost * 1000000) AS HUGEINT)
        * CAST(round(r.weight * 1000) AS HUGEINT) * CAST(round((r.weight - 1) * 1000) AS HUGEINT)) AS DECIMAL(38, 0)) AS variance
FROM run r
GROUP BY r.day, r.provider, r.account, r.model, r.currency
ORDER BY r.day, r.provider, r.account, r.model, r.currency
