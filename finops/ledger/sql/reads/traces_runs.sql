-- traces_runs: the dearest runs of a period at list price, beside what is usual for their workflow (the middle of its runs that cost anything). A run has a row for each currency that its calls are billed or estimated in, as in call_rates; where list prices of several currencies meet in one, the row has no list price.
WITH chosen AS (
    SELECT r.run_id
    FROM fct_run r
    WHERE r.calls > 0 AND r.run_day >= CAST($first AS DATE) AND r.run_day < CAST($end AS DATE)
),
called AS (
    SELECT
        c.run_id, c.call_day, c.tenant, c.agent, c.workflow, c.model, c.provider, c.currency, c.list_cost, c.operation,
        c.sampling_weight,
        c.input_tokens + coalesce(c.output, 0) AS tokens
    FROM fct_call c
    JOIN chosen o ON o.run_id = c.run_id
    WHERE c.counted
),
metered AS (
    SELECT
        c.run_id,
        CAST(sum(c.tokens) AS BIGINT) AS tokens,
        count(CASE WHEN c.operation IN ('inference', 'embeddings') THEN 1 END) AS model_calls,
        max(c.sampling_weight) AS weight
    FROM called c
    GROUP BY c.run_id
),
day AS (
    SELECT min(c.call_day) AS low, max(c.call_day) AS high FROM called c
),
used AS (
    SELECT DISTINCT s.call_day AS day, s.tenant, s.agent, s.workflow, s.model, coalesce(s.provider, '') AS provider
    FROM fct_usage s
    JOIN day d ON s.call_day BETWEEN d.low AND d.high
    WHERE s.token_class IS NOT NULL AND s.model IS NOT NULL
),
cost AS (
    SELECT DISTINCT f.charge_day AS day, f.tenant, f.agent, f.workflow, f.model, coalesce(f.provider, '') AS provider, f.currency
    FROM fct_cost f
    JOIN day d ON f.charge_day BETWEEN d.low AND d.high
    WHERE f.model IS NOT NULL AND f.currency IS NOT NULL
),
only_one AS (
    SELECT c.day, c.tenant, c.agent, c.workflow, c.model, u.provider, min(c.currency) AS currency
    FROM cost c
    LEFT JOIN used u ON u.day = c.day AND u.tenant = c.tenant AND u.agent = c.agent AND u.workflow = c.workflow AND u.model = c.model
        AND u.provider = c.provider
    GROUP BY c.day, c.tenant, c.agent, c.workflow, c.model, u.provider
    HAVING min(c.currency) = max(c.currency)
),
placed AS (
    SELECT
        c.run_id, c.currency AS listed_in, c.list_cost,
        CASE WHEN k.day IS NULL THEN coalesce(r.currency, c.currency) ELSE coalesce(o.currency, c.currency) END AS currency
    FROM called c
    LEFT JOIN (SELECT DISTINCT n.day, n.tenant, n.agent, n.workflow, n.model, n.provider FROM cost n) k ON k.day = c.call_day
        AND k.tenant = c.tenant AND k.agent = c.agent AND k.workflow = c.workflow AND k.model = c.model
        AND k.provider = coalesce(c.provider, '')
    LEFT JOIN only_one o ON o.day = c.call_day AND o.tenant = c.tenant AND o.agent = c.agent AND o.workflow = c.workflow
        AND o.model = c.model AND o.provider = coalesce(c.provider, '')
    LEFT JOIN only_one r ON r.day = c.call_day AND r.tenant = c.tenant AND r.agent = c.agent AND r.workflow = c.workflow
        AND r.model = c.model AND r.provider IS NULL
    WHERE c.currency IS NOT NULL
),
listed AS (
    SELECT p.run_id, p.currency, p.listed_in, CAST(sum(p.list_cost) AS DECIMAL(38, 12)) AS list_cost
    FROM placed p
    GROUP BY p.run_id, p.currency, p.listed_in
    HAVING sum(p.list_cost) > 0
),
part AS (
    SELECT
        l.run_id, l.currency, max(l.list_cost) AS most,
        CASE WHEN count(*) = 1 THEN min(l.listed_in) END AS listed_in,
        CASE WHEN count(*) = 1 THEN max(l.list_cost) END AS list_cost
    FROM listed l
    WHERE $currency IS NULL OR l.currency = $currency
    GROUP BY l.run_id, l.currency
),
own AS (
    SELECT
        r.run_id, r.workflow, r.agent, r.tenant, r.start_time, r.duration_ms, r.status, r.accepted, r.failed_calls, r.retries,
        r.unpriced_calls, p.list_cost, p.currency, p.listed_in, m.model_calls, m.tokens, m.weight,
        max(p.most) OVER (PARTITION BY r.run_id) AS most,
        row_number() OVER (PARTITION BY r.workflow, p.currency, p.listed_in ORDER BY p.list_cost, r.run_id) AS nth_cost,
        row_number() OVER (PARTITION BY r.workflow, p.currency, p.listed_in ORDER BY m.model_calls, r.run_id) AS nth_calls,
        row_number() OVER (PARTITION BY r.workflow, p.currency, p.listed_in ORDER BY m.tokens, r.run_id) AS nth_tokens,
        count(*) OVER (PARTITION BY r.workflow, p.currency, p.listed_in) AS runs
    FROM part p
    JOIN fct_run r ON r.run_id = p.run_id
    JOIN metered m ON m.run_id = p.run_id
),
usual AS (
    SELECT
        o.workflow, o.currency, o.listed_in, max(o.runs) AS runs,
        max(CASE WHEN o.nth_cost = (o.runs + 1) // 2 THEN o.list_cost END) AS list_cost,
        max(CASE WHEN o.nth_calls = (o.runs + 1) // 2 THEN o.model_calls END) AS model_calls,
        max(CASE WHEN o.nth_tokens = (o.runs + 1) // 2 THEN o.tokens END) AS tokens
    FROM own o
    GROUP BY o.workflow, o.currency, o.listed_in
),
ranked AS (
    SELECT o.*, dense_rank() OVER (ORDER BY o.most DESC, o.run_id) AS nth
    FROM own o
    WHERE ($workflow IS NULL OR o.workflow = $workflow) AND ($agent IS NULL OR o.agent = $agent) AND ($tenant IS NULL OR o.tenant = $tenant)
)
SELECT
    o.run_id, o.workflow, o.agent, o.tenant, o.start_time, o.duration_ms, o.status, o.accepted, o.model_calls, o.tokens, o.failed_calls,
    o.retries, o.unpriced_calls, o.list_cost, o.currency, o.weight,
    u.runs AS usual_runs, u.list_cost AS usual_cost, u.model_calls AS usual_calls, u.tokens AS usual_tokens
FROM ranked o
LEFT JOIN usual u ON u.workflow = o.workflow AND u.currency = o.currency AND u.listed_in = o.listed_in
WHERE o.nth <= CAST($top AS INTEGER)
ORDER BY o.nth, o.currency
