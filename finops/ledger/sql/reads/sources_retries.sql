-- sources_retries: by day, attempts that spans say were made before theirs and that have no record of their own, at the cost of the attempt
-- that was answered. With `by_row`, a row each for every such answer.
WITH record AS (
    SELECT
        coalesce(c.same_as, c.call_key) AS call_id, c.trace, c.parent, c.model, c.attempt, c.status, c.input_tokens
    FROM fct_call c
    WHERE c.operation IN ('inference', 'embeddings') AND c.trace IS NOT NULL
        AND ($first IS NULL OR c.call_day >= CAST($first AS DATE)) AND ($end IS NULL OR c.call_day < CAST($end AS DATE))
),
before AS (
    SELECT l.call_id, max(l.attempt) AS attempt, count(DISTINCT r.call_id) AS told
    FROM record l
    LEFT JOIN record r
        ON r.trace = l.trace AND r.parent IS NOT DISTINCT FROM l.parent AND r.model IS NOT DISTINCT FROM l.model
        AND r.call_id <> l.call_id AND coalesce(r.attempt, 1) < l.attempt
        AND (r.attempt IS NOT NULL OR r.status = 'error') AND r.input_tokens IN (l.input_tokens, 0)
    WHERE l.attempt > 1
    GROUP BY l.call_id
)
SELECT
    CASE WHEN CAST($by_row AS BOOLEAN) THEN c.call_key END AS call_key, c.call_day AS day, c.provider, c.account, c.model, c.currency,
    CAST(sum(CAST(c.sampling_weight AS DECIMAL(18, 6)) * greatest(b.attempt - 1 - b.told, 0)) AS DECIMAL(38, 6)) AS attempts,
    CAST(sum(c.list_cost * CAST(c.sampling_weight AS DECIMAL(18, 6)) * greatest(b.attempt - 1 - b.told, 0)) AS DECIMAL(38, 12)) AS cost
FROM before b
JOIN fct_call c ON c.call_key = b.call_id
WHERE c.counted AND c.list_cost IS NOT NULL
GROUP BY ALL
ORDER BY c.call_day, c.provider, c.account, c.model, c.currency, 1
