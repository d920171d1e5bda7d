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
        sum(CASE WHEN c.currency = $currency THEN CAST(round(c.list_cost * 1000000000000) AS HUGEINT) END) AS list_exact
    FROM fct_call c
    WHERE c.counted
    GROUP BY c.run_id, c.agent
),
counted AS (
    SELECT
        r.workflow, r.agent AS lead, p.agent, r.run_day, r.accepted, p.calls, p.failed_calls, p.retries, p.unpriced_calls, p.tokens,
        CAST(round(coalesce(p.weight, 1) * 1000) AS BIGINT) AS weight,
        CAST(round(CAST(p.list_exact AS DECIMAL(38, 0)) * 0.000001) AS HUGEINT) AS list_micro,
        CASE WHEN r.accepted AND r.value_currency = $currency THEN CAST(round(r.value * 1000000) AS HUGEINT) END AS value_micro
    FROM part p
    JOIN fct_run r ON r.run_id = p.run_id
    WHERE r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
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
    sum(CASE WHEN c.accepted IS NOT NULL THEN c.list_micro * c.list_micro END) AS known_squares,
    count(c.value_micro) AS valued,
    sum(c.value_micro) AS value_sum,
    sum(c.value_micro * c.value_micro) AS value_squares,
    CAST(sum(c.calls) AS BIGINT) AS calls,
    CAST(sum(c.failed_calls) AS BIGINT) AS failed_calls,
    CAST(sum(c.retries) AS BIGINT) AS retries,
    CAST(sum(c.unpriced_calls) AS BIGINT) AS unpriced_calls,
    CAST(sum(c.tokens) AS BIGINT) AS tokens
FROM counted c
GROUP BY c.workflow, c.lead, c.agent, c.run_day
ORDER BY c.workflow, c.lead, c.agent, c.run_day
