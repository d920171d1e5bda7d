-- stg_outcome: what was said of runs: outcomes that were loaded, each id of an evaluator once (its latest), and end states on spans.
-- slice: none
-- as: view
WITH told AS (
    SELECT
        o.run, o.id, o.time, o.accepted, o.value, o.currency, o.evaluator, o.human_minutes,
        row_number() OVER (
            PARTITION BY o.run, o.evaluator, o.id
            ORDER BY
                o.time DESC, o.accepted NULLS LAST, o.value NULLS LAST, o.currency NULLS LAST, o.human_minutes NULLS LAST,
                o.batch_id, o.part_row
        ) AS place
    FROM outcome o
    WHERE o.run IS NOT NULL
)
SELECT t.run, t.id, t.time, t.accepted, t.value, t.currency, t.evaluator, t.human_minutes
FROM told t
WHERE t.id IS NULL OR t.place = 1
UNION ALL
SELECT
    c.run_id AS run,
    c.call_key AS id,
    coalesce(c.end_time, c.start_time) AS time,
    CASE
        WHEN c.end_state IN ('success', 'succeeded', 'ok', 'statuscode.ok') THEN TRUE
        WHEN c.end_state IN ('fail', 'failure', 'failed', 'error', 'statuscode.error') THEN FALSE
    END AS accepted,
    CAST(NULL AS DECIMAL(38, 12)) AS value,
    CAST(NULL AS VARCHAR) AS currency,
    'agentops' AS evaluator,
    CAST(NULL AS DECIMAL(38, 12)) AS human_minutes
FROM fct_call c
WHERE c.end_state IS NOT NULL
