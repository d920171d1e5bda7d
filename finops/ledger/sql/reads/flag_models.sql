-- flag_models: list cost of the runs of each lead agent by model, the dearest first.
SELECT
    r.workflow, r.agent AS lead, c.agent, c.model,
    CAST(sum(c.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_call c
JOIN fct_run r ON r.run_id = c.run_id
WHERE c.currency = $currency AND c.list_cost > 0 AND r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
GROUP BY r.workflow, r.agent, c.agent, c.model
ORDER BY r.workflow, lead, list_cost DESC, c.agent, c.model
