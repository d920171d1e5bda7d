-- waste_calls: counted calls by the one cause for which they were needless, at list price; a call has at most one cause, the first that fits. Failed calls are told apart by what came after them, loops by the tool and its arguments (where no arguments are known, by a tool that fails again and again), copies by the prompt's hash within a day, long prompts by four times the usual fresh input of the agent on the model. Without `by_outcome`, agents without outcomes are judged as the others. With `by_call`, a row each.
WITH judged AS (
    SELECT c.agent, count(r.accepted) AS verdicts
    FROM fct_call c
    JOIN fct_run r ON r.run_id = c.run_id
    WHERE c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
    GROUP BY c.agent
),
known AS (
    SELECT count(r.accepted) AS verdicts
    FROM fct_run r
    WHERE r.run_day >= CAST($first AS DATE) AND r.run_day < CAST($end AS DATE)
),
own AS (
    SELECT
        c.call_key, c.run_id, c.parent, c.tenant, c.agent, c.workflow, c.model, c.provider, c.currency, c.start_time, c.call_day, c.operation,
        c.status, c.finish_reason, c.cache_hit, c.prompt_hash, c.tool, c.args_hash,
        c.input_uncached, CAST(c.sampling_weight AS DECIMAL(18, 6)) AS weight,
        CAST(c.list_cost * CAST(c.sampling_weight AS DECIMAL(18, 6)) AS DECIMAL(38, 12)) AS list_cost,
        CASE
            WHEN c.args_hash IS NOT NULL THEN c.tool || ' with ' || c.args_hash
            WHEN c.status = 'error' THEN c.tool || ' failing ' || coalesce(c.error_class, '')
        END AS errand
    FROM fct_call c
    WHERE c.counted AND c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
),
ordered AS (
    SELECT
        o.call_key, o.run_id, o.agent, o.start_time, o.errand,
        o.args_hash IS NULL AS failing,
        count(*) OVER errands AS times,
        row_number() OVER (errands ORDER BY o.start_time, o.call_key) AS nth,
        lag(o.errand, 1) OVER turns AS before_1,
        lag(o.errand, 2) OVER turns AS before_2,
        lag(o.errand, 3) OVER turns AS before_3,
        lead(o.errand, 1) OVER turns AS after_1
    FROM own o
    WHERE o.operation = 'tool' AND o.errand IS NOT NULL
    WINDOW errands AS (PARTITION BY o.run_id, o.agent, o.errand), turns AS (PARTITION BY o.run_id, o.agent ORDER BY o.start_time, o.call_key)
),
needless AS (
    SELECT o.call_key
    FROM ordered o
    WHERE (o.times >= 3 AND (o.failing OR o.nth >= 2))
        OR (o.errand = o.before_2 AND o.errand <> o.before_1 AND (o.before_1 = o.before_3 OR o.before_1 = o.after_1))
),
turned AS (
    SELECT
        o.call_key, o.run_id, o.agent, n.call_key IS NOT NULL AS needless,
        count(CASE WHEN o.operation = 'tool' THEN 1 END) OVER (
            PARTITION BY o.run_id, o.agent ORDER BY o.start_time, o.call_key
        ) AS turn
    FROM own o
    LEFT JOIN needless n ON n.call_key = o.call_key
    WHERE o.operation IN ('tool', 'inference')
),
needless_turn AS (
    SELECT DISTINCT t.run_id, t.agent, t.turn FROM turned t WHERE t.needless
),
driven AS (
    SELECT t.call_key
    FROM turned t
    JOIN needless_turn n ON n.run_id = t.run_id AND n.agent = t.agent AND n.turn = t.turn
),
followed AS (
    SELECT
        o.call_key,
        max(CASE WHEN o.status = 'ok' THEN o.model END) OVER later AS later_model,
        count(CASE WHEN o.status = 'ok' THEN 1 END) OVER later AS later_ok
    FROM own o
    WHERE o.operation IN ('inference', 'embeddings')
    WINDOW later AS (
        PARTITION BY o.run_id, o.agent, o.parent, o.operation ORDER BY o.start_time, o.call_key
        ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
    )
),
copies AS (
    SELECT
        o.call_key,
        o.start_time > min(o.start_time) OVER same
            AND o.start_time < lag(o.start_time) OVER (same ORDER BY o.start_time, o.call_key) + INTERVAL 24 HOUR AS copy
    FROM own o
    WHERE o.operation IN ('inference', 'embeddings') AND o.prompt_hash IS NOT NULL AND o.status IS DISTINCT FROM 'error'
        AND o.cache_hit IS DISTINCT FROM TRUE
    WINDOW same AS (PARTITION BY o.tenant, o.agent, o.model, o.prompt_hash)
),
usual AS (
    SELECT m.agent, m.model, max(m.input_uncached) AS tokens
    FROM (
        SELECT
            o.agent, o.model, o.input_uncached,
            row_number() OVER (PARTITION BY o.agent, o.model ORDER BY o.input_uncached, o.call_key) AS nth,
            count(*) OVER (PARTITION BY o.agent, o.model) AS calls
        FROM own o
        WHERE o.operation = 'inference' AND o.input_uncached IS NOT NULL
    ) m
    WHERE m.calls >= 30 AND m.nth <= (m.calls + 1) // 2
    GROUP BY m.agent, m.model
),
caused AS (
    SELECT
        CASE WHEN CAST($by_call AS BOOLEAN) THEN o.call_key END AS call_key,
        o.call_day, o.tenant, o.agent, o.workflow, o.model, o.provider, o.currency, o.list_cost, o.operation,
        CASE
            WHEN CAST($by_outcome AS BOOLEAN) AND j.verdicts = 0 AND k.verdicts > 0 AND left(o.agent, 2) <> '__' THEN 'no_outcome'
            WHEN d.call_key IS NOT NULL THEN 'loop'
            WHEN o.operation = 'tool' THEN NULL
            WHEN o.status = 'error' AND f.later_ok > 0 AND f.later_model IS DISTINCT FROM o.model THEN 'fell_back'
            WHEN o.status = 'error' AND f.later_ok > 0 THEN 'retried'
            WHEN o.status = 'error' THEN 'failed'
            WHEN lower(o.finish_reason) IN ('abort', 'aborted', 'cancel', 'cancelled', 'canceled', 'client_disconnect', 'disconnected', 'incomplete')
                THEN 'aborted'
            WHEN p.copy THEN 'copy'
            WHEN o.input_uncached > 4 * u.tokens THEN 'long_prompt'
        END AS cause,
        CAST((o.input_uncached - 4 * u.tokens) * o.weight AS DECIMAL(38, 6)) AS excess
    FROM own o
    CROSS JOIN known k
    LEFT JOIN judged j ON j.agent = o.agent
    LEFT JOIN driven d ON d.call_key = o.call_key
    LEFT JOIN followed f ON f.call_key = o.call_key
    LEFT JOIN copies p ON p.call_key = o.call_key
    LEFT JOIN usual u ON u.agent = o.agent AND u.model = o.model AND o.operation = 'inference'
)
SELECT
    c.cause, c.call_day AS day, c.tenant, c.agent, c.workflow, c.model, c.provider, c.currency, c.call_key,
    count(CASE WHEN c.operation IN ('inference', 'embeddings') THEN 1 END) AS calls,
    count(CASE WHEN c.operation IN ('inference', 'embeddings') AND c.list_cost IS NULL THEN 1 END) AS uncosted,
    CAST(sum(c.list_cost) AS DECIMAL(38, 12)) AS list_cost,
    CAST(sum(CASE WHEN c.cause = 'long_prompt' THEN c.excess END) AS DECIMAL(38, 6)) AS excess_tokens
FROM caused c
WHERE c.cause IS NOT NULL
GROUP BY c.cause, c.call_day, c.tenant, c.agent, c.workflow, c.model, c.provider, c.currency, c.call_key
ORDER BY c.cause, day, c.tenant, c.agent, c.workflow, c.model NULLS LAST, c.provider NULLS LAST, c.currency NULLS LAST, c.call_key NULLS LAST
