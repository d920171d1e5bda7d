-- flag_parts: what each agent did in the runs of a lead agent, by day: the runs it took part in, with sums of its own list cost in millionths.
WITH part AS (
    SELECT
        c.run_id, c.agent,
        count(*) AS calls,
        count(CASE WHEN c.status = 'error' THEN 1 END) AS failed_calls,
        count(CASE WHEN c.attempt > 1 THEN 1 END) AS retries,
        count(CASE WHEN c.unpriced THEN 1 END) AS unpriced_calls,
        sum(coalesce(c.input_tokens, 0) + coalesce(c.output, 0) + coalesce(c.audio_output, 0) + coalesce(c.image_output, 0)) AS tokens,
        max(c.sampling_weight) AS weight,
        CAST(sum(CASE WHEN c.currency = $currency THEN c.list_cost END) AS DECIMAL(38, 12)) AS list_cost
    FROM fct_call c
    WHERE c.counted
    GROUP BY c.run_id, c.agent
),
counted AS (
    SELECT
        r.workflow, r.agent AS lead, p.agent, r.run_day, r.accepted, p.calls, p.failed_calls, p.retries, p.unpriced_calls, p.tokens,
        CAST(round(coalesce(p.weight, 1) * 1000) AS BIGINT) AS weight,
        CASE WHEN p.list_cost IS NULL AND p.unpriced_calls = 0 THEN 0 ELSE CAST(round(p.list_cost * 1000000) AS HUGEINT) END AS list_micro,
        CASE WHEN r.accepted AND r.value_currency = $currency THEN CAST(round(r.value * 1000000) AS HUGEINT) END AS value_micro
    FROM part p
    JOIN fct_run r ON r.run_id = p.run_id
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
    c.workflow, c.lead, c.agent, c.run_day,
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
    CAST(sum(c.calls) AS BIGINT) AS calls,
    CAST(sum(c.failed_calls) AS BIGINT) AS failed_calls,
    CAST(sum(c.retries) AS BIGINT) AS retries,
    CAST(sum(c.unpriced_calls) AS BIGINT) AS unpriced_calls,
    CAST(sum(c.tokens) AS BIGINT) AS tokens
FROM bounded c
GROUP BY c.workflow, c.lead, c.agent, c.run_day
ORDER BY c.workflow, c.lead, c.agent, c.run_day
