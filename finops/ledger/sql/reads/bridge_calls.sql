-- bridge_calls: the runs that began in a time and their model calls, by the calls' owner, each as many times as sampling makes it stand for.
SELECT
    r.tenant, r.agent, r.workflow,
    CAST(sum(r.weight) AS DECIMAL(38, 6)) AS runs,
    CAST(sum(r.useful) AS DECIMAL(38, 6)) AS useful,
    CAST(sum(r.calls) AS DECIMAL(38, 6)) AS calls
FROM (
    SELECT
        c.run_id, c.tenant, c.agent, c.workflow,
        max(CAST(c.sampling_weight AS DECIMAL(18, 6))) AS weight,
        sum(CASE WHEN c.status IS DISTINCT FROM 'error' THEN CAST(c.sampling_weight AS DECIMAL(18, 6)) ELSE 0 END) AS useful,
        sum(CAST(c.sampling_weight AS DECIMAL(18, 6))) AS calls
    FROM fct_call c
    JOIN fct_run n ON n.run_id = c.run_id
    WHERE c.counted AND c.operation IN ('inference', 'embeddings')
        AND n.run_day >= CAST($first AS DATE) AND n.run_day < CAST($end AS DATE)
    GROUP BY c.run_id, c.tenant, c.agent, c.workflow
) r
GROUP BY r.tenant, r.agent, r.workflow
ORDER BY r.tenant, r.agent, r.workflow
