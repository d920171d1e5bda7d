-- models_runs: judged runs by workflow and by the model that nearly all their model cost is of (null where none is), with sums of list cost in millionths.
WITH used AS (
    SELECT c.run_id, c.model, sum(c.list_cost) AS list_cost
    FROM fct_call c
    WHERE c.counted AND c.operation IN ('inference', 'embeddings') AND c.model IS NOT NULL
    GROUP BY c.run_id, c.model
),
main AS (
    SELECT u.run_id, max(CASE WHEN u.list_cost >= t.list_cost * CAST($share AS DECIMAL(3, 2)) THEN u.model END) AS model
    FROM used u
    JOIN (SELECT s.run_id, sum(s.list_cost) AS list_cost FROM used s GROUP BY s.run_id) t ON t.run_id = u.run_id
    WHERE t.list_cost > 0
    GROUP BY u.run_id
),
judged AS (
    SELECT r.workflow, m.model, r.currency, r.accepted,
        CASE
            WHEN r.unpriced_calls = 0 AND r.list_cost > 10000000000 THEN CAST(10000000000000000 AS HUGEINT)
            WHEN r.unpriced_calls = 0 THEN CAST(round(r.list_cost * 1000000) AS HUGEINT)
        END AS list_micro
    FROM fct_run r
    JOIN main m ON m.run_id = r.run_id
    WHERE r.accepted IS NOT NULL AND r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
        AND ($currency IS NULL OR r.currency = $currency)
)
SELECT
    j.workflow, j.model, j.currency,
    count(*) AS runs,
    count(CASE WHEN j.accepted THEN 1 END) AS accepted,
    count(j.list_micro) AS priced,
    CAST(sum(j.list_micro) AS HUGEINT) AS list_sum,
    CAST(sum(j.list_micro * j.list_micro) AS HUGEINT) AS list_squares
FROM judged j
GROUP BY j.workflow, j.model, j.currency
ORDER BY j.workflow, j.model NULLS LAST, j.currency
