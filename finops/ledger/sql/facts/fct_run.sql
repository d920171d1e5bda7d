-- fct_run: each run with its owner (the root's, else the first that is named below), its calls, what they cost at list price, and what it was worth where somebody has said so.
-- Of the outcomes that say accepted or not, the evaluator's order decides, then the latest; a value that comes without a verdict counts where the verdict brings none. Human minutes of all outcomes add up.
-- grain: (run_id)
-- slice: run
WITH traced AS (
    SELECT
        c.run_id,
        arg_min(c.workflow, (c.start_time, c.call_key)) FILTER (WHERE c.workflow <> '__untagged__') AS workflow,
        arg_min(c.run_agent, (c.start_time, c.call_key)) FILTER (WHERE c.run_agent <> '__untagged__') AS agent,
        arg_min(c.run_tenant, (c.start_time, c.call_key)) FILTER (WHERE c.run_tenant <> '__untagged__') AS tenant,
        min(c.start_time) AS start_time,
        max(coalesce(c.end_time, c.start_time)) AS end_time,
        min(c.call_day) AS first_call_day,
        max(c.call_day) AS last_call_day,
        count(CASE WHEN c.parent IS NULL AND c.status = 'error' THEN 1 END) AS failed_roots,
        count(CASE WHEN c.counted THEN 1 END) AS calls,
        count(CASE WHEN c.counted AND c.status = 'error' THEN 1 END) AS failed_calls,
        count(CASE WHEN c.counted AND c.attempt > 1 THEN 1 END) AS retries,
        count(CASE WHEN c.unpriced THEN 1 END) AS unpriced_calls,
        CAST(sum(c.list_cost) AS DECIMAL(38, 12)) AS list_cost,
        min(c.currency) AS currency_low,
        max(c.currency) AS currency_high
    FROM fct_call c
    WHERE {{calls_of_runs}}
    GROUP BY c.run_id
),
told AS (
    SELECT
        r.run AS run_id, r.workflow, r.agent, r.tenant, r.start_time, r.end_time, r.status,
        row_number() OVER (
            PARTITION BY r.run
            ORDER BY r.end_time DESC NULLS LAST, r.start_time DESC, r.status, r.workflow, r.agent, r.tenant
        ) AS place
    FROM run r
    WHERE {{told_of_runs}}
),
both_ways AS (
    SELECT
        coalesce(t.run_id, x.run_id) AS run_id,
        coalesce(owner_name(t.workflow), x.workflow, '__untagged__') AS workflow,
        coalesce(owner_name(t.agent), x.agent, '__untagged__') AS agent,
        coalesce(owner_name(t.tenant), x.tenant, '__untagged__') AS tenant,
        coalesce(t.start_time, x.start_time) AS start_time,
        coalesce(t.end_time, x.end_time) AS end_time,
        coalesce(t.status, CASE WHEN x.failed_roots > 0 OR (x.calls > 0 AND x.failed_calls = x.calls) THEN 'error' ELSE 'ok' END) AS status,
        x.first_call_day, x.last_call_day,
        coalesce(x.calls, 0) AS calls,
        coalesce(x.failed_calls, 0) AS failed_calls,
        coalesce(x.retries, 0) AS retries,
        coalesce(x.unpriced_calls, 0) AS unpriced_calls,
        CASE WHEN x.currency_low = x.currency_high THEN x.list_cost END AS list_cost,
        CASE WHEN x.currency_low = x.currency_high THEN x.currency_low END AS currency
    FROM (SELECT o.run_id, o.workflow, o.agent, o.tenant, o.start_time, o.end_time, o.status FROM told o WHERE o.place = 1) t
    FULL JOIN traced x ON x.run_id = t.run_id
),
said AS (
    SELECT
        b.run_id, o.accepted, o.value, o.currency, o.human_minutes, o.time, o.id, o.evaluator,
        e.place AS evaluator_place
    FROM both_ways b
    JOIN stg_outcome o ON o.run = b.run_id
    LEFT JOIN run_rule w ON w.workflow = b.workflow
    LEFT JOIN evaluator_order e ON e.workflow = b.workflow AND e.evaluator = o.evaluator
    WHERE o.time < b.start_time + to_days(CAST(coalesce(w.settle_days, 7) + 1 AS INTEGER))
),
judged AS (
    SELECT
        s.run_id, s.accepted, s.value, s.currency, CAST(s.time AS DATE) AS outcome_day,
        row_number() OVER (
            PARTITION BY s.run_id
            ORDER BY
                s.evaluator_place NULLS LAST, s.time DESC, s.id NULLS LAST, s.evaluator NULLS LAST, s.accepted NULLS LAST,
                s.value NULLS LAST, s.currency NULLS LAST
        ) AS place
    FROM said s
    WHERE s.accepted IS NOT NULL
),
valued AS (
    SELECT
        s.run_id, s.value, s.currency,
        row_number() OVER (
            PARTITION BY s.run_id
            ORDER BY s.evaluator_place NULLS LAST, s.time DESC, s.id NULLS LAST, s.evaluator NULLS LAST, s.value, s.currency NULLS LAST
        ) AS place
    FROM said s
    WHERE s.accepted IS NULL AND s.value IS NOT NULL
),
reviewed AS (
    SELECT s.run_id, CAST(sum(s.human_minutes) AS DECIMAL(38, 12)) AS human_minutes
    FROM said s
    GROUP BY s.run_id
)
SELECT
    b.run_id,
    business_day(b.start_time) AS run_day,
    b.workflow, b.agent, b.tenant, b.start_time, b.end_time,
    date_diff('millisecond', b.start_time, b.end_time) AS duration_ms,
    b.status, b.calls, b.failed_calls, b.retries, b.unpriced_calls, b.list_cost, b.currency,
    j.accepted,
    coalesce(j.value, v.value) AS value,
    CASE WHEN j.value IS NULL THEN v.currency ELSE j.currency END AS value_currency,
    r.human_minutes, j.outcome_day, b.first_call_day, b.last_call_day
FROM both_ways b
LEFT JOIN judged j ON j.run_id = b.run_id AND j.place = 1
LEFT JOIN valued v ON v.run_id = b.run_id AND v.place = 1
LEFT JOIN reviewed r ON r.run_id = b.run_id
