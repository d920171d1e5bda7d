-- stg_pair: records of two kinds that share no id and are of the same call: same model, exactly the same tokens, begun within 5 seconds,
-- as many of one kind as of the other. One of the kinds must be found again in the other nearly whole (9 of 10 calls of the model's
-- day), or what looks alike is chance. Anything less sure stays apart.
-- grain: (row_key)
-- slice: none
WITH busy_day AS (
    SELECT a.call_day
    FROM stg_answer a
    GROUP BY a.call_day
    HAVING min(a.route) <> max(a.route)
),
record AS (
    SELECT
        a.row_key, a.call_day, a.start_time, a.route, a.account, a.input_tokens, a.output_tokens,
        coalesce(a.answer, a.call_key) AS call_id,
        coalesce(m.model, a.raw_model) AS model
    FROM stg_answer a
    JOIN busy_day d ON d.call_day = a.call_day
    LEFT JOIN model_alias m ON m.provider_raw = coalesce(a.provider_raw, '') AND m.model_raw = a.raw_model
    WHERE a.has_tokens AND a.input_tokens + a.output_tokens > 0 AND NOT coalesce(a.cache_hit, FALSE)
),
model_call AS (
    SELECT
        r.call_id, r.call_day, r.model, r.input_tokens, r.output_tokens, min(r.route) AS route, min(r.start_time) AS start_time,
        min(r.account) AS account_low, max(r.account) AS account_high
    FROM record r
    WHERE r.model IS NOT NULL
    GROUP BY r.call_id, r.call_day, r.model, r.input_tokens, r.output_tokens
    HAVING min(r.route) = max(r.route)
),
stepped AS (
    SELECT
        c.*,
        CASE WHEN c.start_time - lag(c.start_time) OVER alike <= INTERVAL 5 SECOND THEN 0 ELSE 1 END AS is_first
    FROM model_call c
    WINDOW alike AS (PARTITION BY c.model, c.input_tokens, c.output_tokens ORDER BY c.start_time, c.call_id, c.call_day)
),
bunched AS (
    SELECT
        s.*,
        sum(s.is_first) OVER (
            PARTITION BY s.model, s.input_tokens, s.output_tokens ORDER BY s.start_time, s.call_id, s.call_day
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS bunch
    FROM stepped s
),
placed AS (
    SELECT
        b.*,
        row_number() OVER (
            PARTITION BY b.model, b.input_tokens, b.output_tokens, b.bunch, b.route ORDER BY b.start_time, b.call_id, b.call_day
        ) AS place
    FROM bunched b
),
sided AS (
    SELECT
        b.model, b.input_tokens, b.output_tokens, b.bunch, b.route, count(*) AS calls, min(b.start_time) AS first_start,
        max(b.start_time) AS last_start, min(b.account_low) AS account_low, max(b.account_high) AS account_high
    FROM bunched b
    GROUP BY b.model, b.input_tokens, b.output_tokens, b.bunch, b.route
),
even AS (
    SELECT s.model, s.input_tokens, s.output_tokens, s.bunch
    FROM sided s
    GROUP BY s.model, s.input_tokens, s.output_tokens, s.bunch
    HAVING count(*) > 1 AND min(s.calls) = max(s.calls) AND max(s.last_start) - min(s.first_start) <= INTERVAL 60 SECOND
        AND min(s.account_low) IS NOT DISTINCT FROM max(s.account_high)
),
found AS (
    SELECT p.call_day, p.model, p.route, count(e.bunch) AS matched, count(*) AS calls
    FROM placed p
    LEFT JOIN even e
        ON e.model = p.model AND e.input_tokens = p.input_tokens AND e.output_tokens = p.output_tokens AND e.bunch = p.bunch
    GROUP BY p.call_day, p.model, p.route
),
sure AS (
    SELECT DISTINCT e.model, e.input_tokens, e.output_tokens, e.bunch
    FROM even e
    JOIN placed p
        ON p.model = e.model AND p.input_tokens = e.input_tokens AND p.output_tokens = e.output_tokens AND p.bunch = e.bunch
    JOIN found f ON f.call_day = p.call_day AND f.model = p.model AND f.route = p.route
    WHERE f.matched * 10 >= f.calls * 9
)
SELECT
    r.row_key,
    p.model || ' ' || p.input_tokens || ' ' || p.output_tokens || ' ' || p.bunch || ' ' || p.place AS pair
FROM sure s
JOIN placed p ON p.model = s.model AND p.input_tokens = s.input_tokens AND p.output_tokens = s.output_tokens AND p.bunch = s.bunch
JOIN record r
    ON r.call_id = p.call_id AND r.call_day = p.call_day AND r.model = p.model AND r.input_tokens = p.input_tokens
    AND r.output_tokens = p.output_tokens
