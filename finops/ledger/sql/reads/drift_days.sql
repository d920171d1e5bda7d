-- drift_days: days of each agent, tenant, workflow or prompt route (by $by) in sums: runs, model calls and how they ended, tokens, time, list cost, and what became of its runs.
WITH called AS (
    SELECT
        CASE $by WHEN 'tenant' THEN c.tenant WHEN 'workflow' THEN c.workflow WHEN 'route' THEN c.prompt_route ELSE c.agent END AS name,
        c.call_day, c.currency, c.run_id, c.status, c.start_time, c.end_time, c.input_tokens, c.output, c.list_cost
    FROM fct_call c
    WHERE c.counted AND c.operation = 'inference'
        AND c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
),
run AS (
    SELECT
        CASE $by WHEN 'tenant' THEN r.tenant WHEN 'workflow' THEN r.workflow WHEN 'route' THEN CAST(NULL AS VARCHAR) ELSE r.agent END AS name,
        r.run_day, r.accepted
    FROM fct_run r
    WHERE r.run_day >= CAST($first AS DATE) AND r.run_day < CAST($end AS DATE)
)
SELECT
    d.day, d.name, max(d.currency) AS currency,
    CAST(sum(d.runs) AS BIGINT) AS runs,
    CAST(sum(d.calls) AS BIGINT) AS calls,
    CAST(sum(d.told) AS BIGINT) AS told,
    CAST(sum(d.failed) AS BIGINT) AS failed,
    CAST(sum(d.answered) AS BIGINT) AS answered,
    CAST(sum(d.ms) AS BIGINT) AS ms,
    CAST(sum(d.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(d.output) AS BIGINT) AS output_tokens,
    CAST(sum(d.cost) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(d.judged) AS BIGINT) AS judged,
    CAST(sum(d.accepted) AS BIGINT) AS accepted
FROM (
    SELECT
        c.call_day AS day, c.name, max(c.currency) AS currency,
        count(DISTINCT c.run_id) AS runs, count(*) AS calls, count(c.status) AS told,
        count(CASE WHEN c.status = 'error' THEN 1 END) AS failed,
        count(CASE WHEN c.status IS DISTINCT FROM 'error' AND c.end_time IS NOT NULL THEN 1 END) AS answered,
        sum(CASE WHEN c.status IS DISTINCT FROM 'error' THEN date_diff('millisecond', c.start_time, c.end_time) END) AS ms,
        sum(c.input_tokens) AS input_tokens, sum(c.output) AS output, sum(c.list_cost) AS cost, 0 AS judged, 0 AS accepted
    FROM called c
    GROUP BY c.call_day, c.name
    UNION ALL
    SELECT
        r.run_day, r.name, CAST(NULL AS VARCHAR), 0, 0, 0, 0, 0, 0, 0, 0, CAST(NULL AS DECIMAL(38, 12)),
        count(r.accepted), count(CASE WHEN r.accepted THEN 1 END)
    FROM run r
    GROUP BY r.run_day, r.name
) d
WHERE d.name IS NOT NULL
GROUP BY d.day, d.name
ORDER BY d.name, d.day
