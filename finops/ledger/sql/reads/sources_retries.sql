-- sources_retries: by day, attempts that spans say were made before theirs and that have no record of their own, at the cost of the attempt
-- that was answered.
WITH record AS (
    SELECT c.call_key, c.call_day, c.trace, c.parent, c.provider, c.account, c.model, c.attempt, c.list_cost, c.currency, c.counted, c.input_tokens,
        CAST(c.sampling_weight AS DECIMAL(18, 6)) AS weight
    FROM fct_call c
    WHERE c.operation IN ('inference', 'embeddings') AND c.trace IS NOT NULL
        AND ($first IS NULL OR c.call_day >= CAST($first AS DATE)) AND ($end IS NULL OR c.call_day < CAST($end AS DATE))
),
late AS (SELECT r.* FROM record r WHERE r.attempt > 1 AND r.counted AND r.list_cost IS NOT NULL),
before AS (
    SELECT l.call_key, count(DISTINCT r.call_key) AS told
    FROM late l
    JOIN record r
        ON r.trace = l.trace AND r.parent IS NOT DISTINCT FROM l.parent AND r.model IS NOT DISTINCT FROM l.model
        AND r.call_key <> l.call_key AND coalesce(r.attempt, 1) < l.attempt AND r.input_tokens = l.input_tokens
    GROUP BY l.call_key
)
SELECT
    l.call_day AS day, l.provider, l.account, l.model, l.currency,
    CAST(sum(l.weight * greatest(l.attempt - 1 - coalesce(b.told, 0), 0)) AS DECIMAL(38, 6)) AS attempts,
    CAST(sum(l.list_cost * l.weight * greatest(l.attempt - 1 - coalesce(b.told, 0), 0)) AS DECIMAL(38, 12)) AS cost
FROM late l
LEFT JOIN before b ON b.call_key = l.call_key
GROUP BY l.call_day, l.provider, l.account, l.model, l.currency
ORDER BY l.call_day, l.provider, l.account, l.model, l.currency
