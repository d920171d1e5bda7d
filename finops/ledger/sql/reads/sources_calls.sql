-- sources_calls: tokens of model calls by day, model and who told of them, at five prices, each of which is right in one thing more:
-- `plain` (month's first day, standard tier, base size, cached tokens as uncached), `sized` (size of the request), `timed` (time of the
-- call), `cached` (class of the token), `price` (service tier); `least` is `price` for a request of the smallest size.
-- `kind`: traced (a trace has it), and of the calls that a gateway alone tells of: retried (as large a request of the model, all of it
-- while a span of the run was open; clocks may differ by half a second), lost (a call of a run that traces know), unsampled (of no
-- such run, on days on which spans are samples), unknown (names no run, on such days), unseen (the same on other days).
-- With `by_row`, a row each for every call.
WITH record AS (
    SELECT
        c.call_key, coalesce(c.same_as, c.call_key) AS call_id, c.call_day, c.start_time, coalesce(c.end_time, c.start_time) AS end_time,
        c.provider, c.account, c.model, c.service_tier, c.input_tokens, c.trace, c.session, c.run_id, c.told_weight, c.sampling_weight,
        c.counted, c.unpriced, c.input_uncached, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.output, c.audio_input,
        c.audio_output, c.image_input, c.image_output,
        coalesce(c.source, '') IN ('litellm_logs', 'helicone', 'portkey', 'openrouter_activity') AS is_gateway
    FROM fct_call c
    WHERE c.operation IN ('inference', 'embeddings')
        AND ($first IS NULL OR c.call_day >= CAST($first AS DATE)) AND ($end IS NULL OR c.call_day < CAST($end AS DATE))
),
traced AS (
    SELECT DISTINCT r.call_id FROM record r WHERE NOT r.is_gateway
),
sampled_day AS (
    SELECT r.provider, r.call_day, max(r.told_weight) > 1 AS is_sampled
    FROM record r
    WHERE NOT r.is_gateway
    GROUP BY r.provider, r.call_day
),
alone AS (
    SELECT r.*, coalesce(d.is_sampled, FALSE) AS is_sampled
    FROM record r
    LEFT JOIN traced t ON t.call_id = r.call_key
    LEFT JOIN sampled_day d ON d.provider IS NOT DISTINCT FROM r.provider AND d.call_day = r.call_day
    WHERE r.counted AND t.call_id IS NULL
),
alone_name AS (
    SELECT a.call_key, unnest([a.trace, a.session, CASE WHEN a.run_id <> a.call_key THEN a.run_id END]) AS name FROM alone a
),
span_name AS (
    SELECT r.call_key, unnest([r.trace, r.session, CASE WHEN r.run_id <> r.call_key THEN r.run_id END]) AS name
    FROM record r
    WHERE NOT r.is_gateway
),
known AS (SELECT DISTINCT s.name FROM span_name s WHERE s.name IS NOT NULL),
named AS (
    SELECT a.call_key, count(a.name) > 0 AS has_name, count(k.name) > 0 AS is_known
    FROM alone_name a
    LEFT JOIN known k ON k.name = a.name
    GROUP BY a.call_key
),
again AS (
    SELECT DISTINCT a.call_key
    FROM alone a
    JOIN alone_name n ON n.call_key = a.call_key
    JOIN span_name m ON m.name = n.name
    JOIN record s ON s.call_key = m.call_key AND s.model = a.model AND s.input_tokens = a.input_tokens
    WHERE a.start_time >= s.start_time - INTERVAL 500 MILLISECOND AND a.end_time <= s.end_time + INTERVAL 500 MILLISECOND
),
used AS (
    SELECT
        r.*,
        CASE
            WHEN t.call_id IS NOT NULL THEN 'traced'
            WHEN g.call_key IS NOT NULL THEN 'retried'
            WHEN n.is_known THEN 'lost'
            WHEN a.is_sampled AND n.has_name THEN 'unsampled'
            WHEN a.is_sampled THEN 'unknown'
            ELSE 'unseen'
        END AS kind
    FROM record r
    LEFT JOIN traced t ON t.call_id = r.call_key
    LEFT JOIN alone a ON a.call_key = r.call_key
    LEFT JOIN named n ON n.call_key = r.call_key
    LEFT JOIN again g ON g.call_key = r.call_key
    WHERE r.counted
),
newest AS (SELECT arg_max(p.batch, p.as_of) AS batch FROM price_token p),
banded AS (
    SELECT
        p.batch, p.provider, p.model, p.token_class, p.service_tier, p.min_input_tokens, p.price, p.currency, p.tod_to,
        coalesce(p.valid_from, TIMESTAMP '0001-01-01') AS valid_from,
        coalesce(p.valid_to, TIMESTAMP '9999-01-01') AS valid_to,
        coalesce(p.tod_from, TIME '00:00:00') AS tod_from,
        coalesce(
            lead(p.min_input_tokens) OVER (
                PARTITION BY p.batch, p.provider, p.model, p.token_class, p.service_tier, p.valid_from, p.tod_from
                ORDER BY p.min_input_tokens
            ),
            9223372036854775807
        ) AS below_input_tokens
    FROM price_token p
    WHERE p.variant = ''
),
tier AS (SELECT DISTINCT b.batch, b.provider, b.model, b.service_tier FROM banded b),
size AS (
    SELECT
        s.batch, s.provider, s.model, s.least,
        coalesce(lead(s.least) OVER (PARTITION BY s.batch, s.provider, s.model ORDER BY s.least), 9223372036854775807) AS below
    FROM (SELECT DISTINCT b.batch, b.provider, b.model, b.min_input_tokens AS least FROM banded b) s
),
clock AS (
    SELECT
        s.batch, s.provider, s.model, s.since,
        lead(s.since) OVER (PARTITION BY s.batch, s.provider, s.model ORDER BY s.since) AS until
    FROM (SELECT DISTINCT b.batch, b.provider, b.model, b.tod_from AS since FROM banded b) s
),
slot AS (
    SELECT
        CASE WHEN CAST($by_row AS BOOLEAN) THEN u.call_key END AS call_key, u.call_day, u.provider, u.account, u.model, u.kind,
        coalesce(m.batch, (SELECT n.batch FROM newest n)) AS batch,
        coalesce(k.service_tier, 'standard') AS service_tier,
        coalesce(z.least, 0) AS input_tokens,
        coalesce(c.since, TIME '00:00:00') AS at_time,
        count(*) AS records,
        CAST(sum(u.sampling_weight) AS DECIMAL(38, 12)) AS calls,
        CAST(sum(CASE WHEN u.unpriced THEN 1 ELSE 0 END) AS BIGINT) AS unpriced,
        [
            sum(u.input_uncached), sum(u.cache_read), sum(u.cache_write_5m), sum(u.cache_write_1h), sum(u.output), sum(u.audio_input),
            sum(u.audio_output), sum(u.image_input), sum(u.image_output)
        ] AS tokens,
        [
            sum(u.input_uncached * CAST(u.sampling_weight AS DECIMAL(18, 6))), sum(u.cache_read * CAST(u.sampling_weight AS DECIMAL(18, 6))),
            sum(u.cache_write_5m * CAST(u.sampling_weight AS DECIMAL(18, 6))), sum(u.cache_write_1h * CAST(u.sampling_weight AS DECIMAL(18, 6))),
            sum(u.output * CAST(u.sampling_weight AS DECIMAL(18, 6))), sum(u.audio_input * CAST(u.sampling_weight AS DECIMAL(18, 6))),
            sum(u.audio_output * CAST(u.sampling_weight AS DECIMAL(18, 6))), sum(u.image_input * CAST(u.sampling_weight AS DECIMAL(18, 6))),
            sum(u.image_output * CAST(u.sampling_weight AS DECIMAL(18, 6)))
        ] AS weighted
    FROM used u
    LEFT JOIN price_month m ON m.call_month = CAST(date_trunc('month', u.call_day) AS DATE)
    LEFT JOIN tier k
        ON k.batch = coalesce(m.batch, (SELECT n.batch FROM newest n)) AND k.provider = u.provider AND k.model = u.model
        AND k.service_tier = u.service_tier
    LEFT JOIN size z
        ON z.batch = coalesce(m.batch, (SELECT n.batch FROM newest n)) AND z.provider = u.provider AND z.model = u.model
        AND z.least <= u.input_tokens AND u.input_tokens < z.below
    LEFT JOIN clock c
        ON c.batch = coalesce(m.batch, (SELECT n.batch FROM newest n)) AND c.provider = u.provider AND c.model = u.model
        AND c.since <= CAST(u.start_time AS TIME) AND (c.until IS NULL OR CAST(u.start_time AS TIME) < c.until)
    GROUP BY ALL
),
classed AS (
    SELECT s.*, unnest(range(1, 10)) AS place FROM slot s
),
asked AS (
    SELECT
        c.call_key, c.call_day, c.provider, c.account, c.model, c.kind, c.batch, c.service_tier, c.input_tokens, c.at_time,
        c.place = 1 AS is_first, c.records, c.calls, c.unpriced,
        [
            'input_uncached', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'audio_input', 'audio_output', 'image_input',
            'image_output'
        ][c.place] AS token_class,
        CASE WHEN c.place IN (2, 3, 4) THEN 'input_uncached' END AS plain_class,
        c.tokens[c.place] AS tokens, c.weighted[c.place] AS weighted,
        c.call_day + c.at_time AS moment,
        CAST(date_trunc('month', c.call_day) AS DATE) + c.at_time AS month_start
    FROM classed c
)
SELECT
    a.call_key, a.call_day AS day, a.provider, a.account, a.model, a.kind, a.token_class,
    CASE WHEN a.is_first THEN a.records ELSE 0 END AS records,
    CASE WHEN a.is_first THEN a.calls ELSE 0 END AS calls,
    CASE WHEN a.is_first THEN a.unpriced ELSE 0 END AS unpriced,
    CAST(coalesce(a.tokens, 0) AS DECIMAL(38, 0)) AS tokens,
    CAST(coalesce(a.weighted, 0) AS DECIMAL(38, 6)) AS weighted,
    p.currency,
    p.price,
    coalesce(f.price, p.price) AS least,
    coalesce(s.price, p.price) AS cached,
    coalesce(t.price, s.price, p.price) AS timed,
    coalesce(i.price, t.price, s.price, p.price) AS sized,
    coalesce(b.price, i.price, t.price, s.price, p.price) AS plain
FROM asked a
LEFT JOIN banded p
    ON p.batch = a.batch AND p.provider = a.provider AND p.model = a.model AND p.token_class = a.token_class
    AND p.service_tier = a.service_tier AND p.valid_from <= a.moment AND a.moment < p.valid_to
    AND p.tod_from <= a.at_time AND (p.tod_to IS NULL OR a.at_time < p.tod_to)
    AND p.min_input_tokens <= a.input_tokens AND a.input_tokens < p.below_input_tokens
LEFT JOIN banded f
    ON f.batch = a.batch AND f.provider = a.provider AND f.model = a.model AND f.token_class = a.token_class
    AND f.service_tier = a.service_tier AND f.valid_from <= a.moment AND a.moment < f.valid_to
    AND f.tod_from <= a.at_time AND (f.tod_to IS NULL OR a.at_time < f.tod_to)
    AND f.min_input_tokens = 0
LEFT JOIN banded s
    ON s.batch = a.batch AND s.provider = a.provider AND s.model = a.model AND s.token_class = a.token_class
    AND s.service_tier = 'standard' AND s.valid_from <= a.moment AND a.moment < s.valid_to
    AND s.tod_from <= a.at_time AND (s.tod_to IS NULL OR a.at_time < s.tod_to)
    AND s.min_input_tokens <= a.input_tokens AND a.input_tokens < s.below_input_tokens
LEFT JOIN banded t
    ON t.batch = a.batch AND t.provider = a.provider AND t.model = a.model AND t.token_class = coalesce(a.plain_class, a.token_class)
    AND t.service_tier = 'standard' AND t.valid_from <= a.moment AND a.moment < t.valid_to
    AND t.tod_from <= a.at_time AND (t.tod_to IS NULL OR a.at_time < t.tod_to)
    AND t.min_input_tokens <= a.input_tokens AND a.input_tokens < t.below_input_tokens
LEFT JOIN banded i
    ON i.batch = a.batch AND i.provider = a.provider AND i.model = a.model AND i.token_class = coalesce(a.plain_class, a.token_class)
    AND i.service_tier = 'standard' AND i.valid_from <= a.month_start AND a.month_start < i.valid_to
    AND i.tod_from <= a.at_time AND (i.tod_to IS NULL OR a.at_time < i.tod_to)
    AND i.min_input_tokens <= a.input_tokens AND a.input_tokens < i.below_input_tokens
LEFT JOIN banded b
    ON b.batch = a.batch AND b.provider = a.provider AND b.model = a.model AND b.token_class = coalesce(a.plain_class, a.token_class)
    AND b.service_tier = 'standard' AND b.valid_from <= a.month_start AND a.month_start < b.valid_to
    AND b.tod_from <= a.at_time AND (b.tod_to IS NULL OR a.at_time < b.tod_to)
    AND b.min_input_tokens = 0
WHERE a.is_first OR a.tokens > 0
ORDER BY a.call_day, a.provider, a.account, a.model, a.kind, a.token_class, a.service_tier, a.input_tokens, a.at_time, a.call_key
