-- flag_left_out: judged runs by day of each workflow of which some run says whom it was run without (`finops.left_out` on any of its spans; `none` is nobody), with sums of list cost in millionths. Null in left_out are the runs that say nothing.
WITH said AS (
    SELECT c.run_id, min(trim(n.attributes['finops.left_out'])) AS left_out
    FROM call n
    JOIN fct_call c ON c.trace = n.trace AND c.span = n.span
    WHERE trim(n.attributes['finops.left_out']) <> ''
        AND n.start_time >= CAST($first AS DATE) - INTERVAL 2 DAY AND n.start_time < CAST($last AS DATE) + INTERVAL 3 DAY
    GROUP BY c.run_id
    HAVING count(DISTINCT trim(n.attributes['finops.left_out'])) = 1
),
judged AS (
    SELECT
        r.workflow, s.left_out, r.run_day, r.accepted,
        CASE
            WHEN r.currency = $currency THEN CAST(round(r.list_cost * 1000000) AS HUGEINT)
            WHEN r.list_cost IS NULL AND r.calls > 0 AND r.unpriced_calls = 0 THEN 0
        END AS list_micro
    FROM fct_run r
    LEFT JOIN said s ON s.run_id = r.run_id
    WHERE r.accepted IS NOT NULL AND r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
        AND r.workflow IN (SELECT o.workflow FROM fct_run o JOIN said p ON p.run_id = o.run_id)
),
bounded AS (
    SELECT j.*, CASE WHEN j.list_micro > 10000000000000000 THEN 10000000000000000 ELSE j.list_micro END AS list_bound
    FROM judged j
)
SELECT
    j.workflow, j.left_out, j.run_day,
    count(*) AS runs,
    count(CASE WHEN j.accepted THEN 1 END) AS accepted,
    count(j.list_bound) AS priced,
    CAST(sum(j.list_bound) AS HUGEINT) AS list_sum,
    CAST(sum(j.list_bound * j.list_bound) AS HUGEINT) AS list_squares
FROM bounded j
GROUP BY j.workflow, j.left_out, j.run_day
ORDER BY j.workflow, j.left_out NULLS LAST, j.run_day
