-- traced_runs: runs of days with their owner, the model that nearly all their model cost is of, what they cost at list price and whether they were accepted (null: nobody said).
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
)
SELECT r.run_id AS run, r.run_day AS day, r.tenant, r.agent, r.workflow, m.model, r.currency, r.accepted, r.calls, r.unpriced_calls, r.list_cost
FROM fct_run r
LEFT JOIN main m ON m.run_id = r.run_id
WHERE r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE) AND ($currency IS NULL OR r.currency IS NULL OR r.currency = $currency)
ORDER BY r.run_day, r.run_id
