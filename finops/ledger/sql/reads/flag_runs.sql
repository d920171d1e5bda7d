-- flag_runs: runs by their lead agent and day, or ($by_tenant) by lead agent and tenant with the last day for all, with sums of list cost in millionths: what a verdict needs, without a row per run. Amounts are bounded before they are squared: no sum can overflow.
WITH sampled AS (
    SELECT c.run_id, max(c.sampling_weight) AS weight
    FROM fct_call c
    GROUP BY c.run_id
),
counted AS (
    SELECT
        r.workflow, r.agent, CASE WHEN $by_tenant THEN r.tenant END AS tenant,
        CASE WHEN $by_tenant THEN CAST($last AS DATE) ELSE r.run_day END AS run_day, r.accepted, r.failed_calls, r.retries, r.unpriced_calls,
        CAST(round(coalesce(s.weight, 1) * 1000) AS BIGINT) AS weight,
        CASE
            WHEN r.currency = $currency THEN CAST(round(r.list_cost * 1000000) AS HUGEINT)
            WHEN r.list_cost IS NULL AND r.calls > 0 AND r.unpriced_calls = 0 THEN 0
        END AS list_micro,
        CASE WHEN r.accepted AND r.value_currency = $currency THEN CAST(round(r.value * 1000000) AS HUGEINT) END AS value_micro
    FROM fct_run r
    LEFT JOIN sampled s ON s.run_id = r.run_id
    WHERE r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
),
bounded AS (
    SELECT
        c.*,
        CASE WHEN c.list_micro > 10000000000000000 THEN 10000000000000000 ELSE c.list_micro END AS list_bound,
        CASE WHEN c.value_micro > 10000000000000000 THEN 10000000000000000 ELSE c.value_micro END AS value_bound
    FROM counted c
)
SELECT
    c.workflow, c.agent, c.tenant, c.run_day,
    count(*) AS runs,
    count(c.accepted) AS known,
    count(CASE WHEN c.accepted THEN 1 END) AS accepted,
    sum(c.weight) AS weight,
    count(c.list_micro) AS priced,
    sum(c.list_micro * c.weight) AS list_weighted,
    count(CASE WHEN c.accepted IS NOT NULL THEN c.list_micro END) AS known_priced,
    sum(CASE WHEN c.accepted IS NOT NULL THEN c.list_micro END) AS known_list,
    sum(CASE WHEN c.accepted IS NOT NULL THEN c.list_bound * c.list_bound END) AS known_squares,
    count(c.value_micro) AS valued,
    sum(c.value_micro) AS value_sum,
    sum(c.value_bound * c.value_bound) AS value_squares,
    CAST(sum(c.failed_calls) AS BIGINT) AS failed_calls,
    CAST(sum(c.retries) AS BIGINT) AS retries,
    CAST(sum(c.unpriced_calls) AS BIGINT) AS unpriced_calls
FROM bounded c
GROUP BY c.workflow, c.agent, c.tenant, c.run_day
ORDER BY c.workflow, c.agent, c.tenant, c.run_day
