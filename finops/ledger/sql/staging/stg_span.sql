-- stg_span: each span once a day (the most complete copy, then the latest), with what it says of its own owner.
-- `is_copy` says that a better copy of it begins on another day, less than 24 hours away: around midnight clocks differ.
-- `is_on_days` says that there is it on several days.
-- Token counts below 0 or above a million million, and sampling weights that are none, are unknown.
-- `row_key` is a short name for the row within this build, `digest` a number that only decides between equals.
-- grain: (call_key)
-- slice: none
WITH span AS NOT MATERIALIZED (
    SELECT
        c.*,
        CAST(c.start_time AS DATE) AS call_day,
        CASE
            WHEN c.trace IS NOT NULL AND c.span IS NOT NULL THEN 'span ' || c.trace || ' ' || c.span
            WHEN c.response IS NOT NULL THEN 'response ' || c.response
        END AS identity,
        (c.input_uncached IS NOT NULL)::INT + (c.output IS NOT NULL)::INT + (c.cache_read IS NOT NULL)::INT
            + (c.end_time IS NOT NULL)::INT + (c.model IS NOT NULL)::INT + (c.provider IS NOT NULL)::INT + (c.agent IS NOT NULL)::INT
            + (c.tenant IS NOT NULL)::INT + (c.workflow IS NOT NULL)::INT + (c.finish_reason IS NOT NULL)::INT
            + (c.parent IS NOT NULL)::INT + (c.status IS NOT NULL)::INT AS completeness
    FROM call c
    WHERE c.start_time >= (SELECT min(w.call_day) FROM window_call_day w)
        AND c.start_time < (SELECT max(w.call_day) + 1 FROM window_call_day w)
        AND CAST(c.start_time AS DATE) IN (SELECT w.call_day FROM window_call_day w)
),
copied AS (
    SELECT hash(s.identity) AS likeness  -- short, so that it fits into memory; identities that share one by chance are told apart below
    FROM span s
    WHERE s.identity IS NOT NULL
    GROUP BY hash(s.identity)
    HAVING count(*) > 1
),
origin AS (
    SELECT b.batch_id, d.source
    FROM batch b
    JOIN delivery d ON d.delivery_id = b.delivery_id
),
ranked AS (
    SELECT
        s.batch_id, s.part_row, s.identity, s.call_day, s.start_time,
        row_number() OVER (
            PARTITION BY s.identity
            ORDER BY
                s.completeness DESC, s.output DESC NULLS LAST, s.end_time DESC NULLS LAST, md5(CAST({{call_content}} AS VARCHAR)),
                o.source, s.batch_id, s.part_row
        ) AS place
    FROM span s
    JOIN copied c ON c.likeness = hash(s.identity)
    LEFT JOIN origin o ON o.batch_id = s.batch_id
),
copy AS (
    SELECT
        r.batch_id, r.part_row, r.place,
        min(r.call_day) OVER (PARTITION BY r.identity) <> max(r.call_day) OVER (PARTITION BY r.identity) AS is_on_days,
        min(r.place) OVER (PARTITION BY r.identity, r.call_day) AS best_of_day,
        min(r.place) OVER (
            PARTITION BY r.identity ORDER BY r.start_time
            RANGE BETWEEN INTERVAL 24 HOUR PRECEDING AND INTERVAL 24 HOUR FOLLOWING
        ) AS best_around
    FROM ranked r
),
nameless AS (
    SELECT
        n.batch_id, n.part_row,
        'row ' || n.digest || ' ' || row_number() OVER (PARTITION BY n.digest ORDER BY n.source, n.batch_id, n.part_row) AS nameless_key
    FROM (
        SELECT s.batch_id, s.part_row, o.source, md5(CAST({{call_content}} AS VARCHAR)) AS digest
        FROM span s
        LEFT JOIN origin o ON o.batch_id = s.batch_id
        WHERE s.identity IS NULL
    ) n
)
SELECT
    s.batch_id * 1099511627776 + s.part_row AS row_key,
    coalesce(s.identity || ' ' || s.call_day, n.nameless_key) AS call_key,
    CAST(hash(coalesce(s.identity || ' ' || s.call_day, n.nameless_key)) % 281474976710656 AS BIGINT) AS digest,
    o.source, coalesce(c.place > c.best_around, FALSE) AS is_copy, coalesce(c.is_on_days, FALSE) AS is_on_days, s.attributes['request.id'] AS request,
    s.call_day, s.trace, s.span, s.parent, s.run, s.response, s.session, s.start_time, s.end_time, s.first_token_time, s.operation, s.name,
    s.provider AS provider_raw, s.account, s.region, s.resource, s.model AS raw_model, s.service_tier,
    CASE WHEN s.input_uncached BETWEEN 0 AND 1000000000000 THEN s.input_uncached END AS input_uncached,
    CASE WHEN s.cache_read BETWEEN 0 AND 1000000000000 THEN s.cache_read END AS cache_read,
    CASE WHEN s.cache_write_5m BETWEEN 0 AND 1000000000000 THEN s.cache_write_5m END AS cache_write_5m,
    CASE WHEN s.cache_write_1h BETWEEN 0 AND 1000000000000 THEN s.cache_write_1h END AS cache_write_1h,
    CASE WHEN s.output BETWEEN 0 AND 1000000000000 THEN s.output END AS output,
    CASE WHEN s.audio_input BETWEEN 0 AND 1000000000000 THEN s.audio_input END AS audio_input,
    CASE WHEN s.audio_output BETWEEN 0 AND 1000000000000 THEN s.audio_output END AS audio_output,
    CASE WHEN s.image_input BETWEEN 0 AND 1000000000000 THEN s.image_input END AS image_input,
    CASE WHEN s.image_output BETWEEN 0 AND 1000000000000 THEN s.image_output END AS image_output,
    s.reasoning, s.status, s.error_class, s.finish_reason, s.attempt, s.cache_hit, s.tool, s.args_hash, s.prompt_hash,
    s.prompt_route, s.prompt_version, s.completeness,
    CASE WHEN s.sampling_weight > 0 AND s.sampling_weight < 1000000000 THEN s.sampling_weight ELSE 1 END AS sampling_weight,
    coalesce(
        coalesce(s.input_uncached, s.cache_read, s.cache_write_5m, s.cache_write_1h, s.output, s.audio_input, s.audio_output,
            s.image_input, s.image_output) BETWEEN 0 AND 1000000000000,
        FALSE
    ) AS has_tokens,
    lower(trim(s.attributes['agentops.session.end_state'])) AS end_state,
    s.reported_cost, s.reported_currency,
    {{own_tenant}} AS own_tenant,
    {{own_agent}} AS own_agent,
    {{own_workflow}} AS own_workflow,
    {{resource_tenant}} AS resource_tenant,
    {{resource_agent}} AS resource_agent,
    {{resource_workflow}} AS resource_workflow
FROM span s
LEFT JOIN copy c ON c.batch_id = s.batch_id AND c.part_row = s.part_row
LEFT JOIN nameless n ON n.batch_id = s.batch_id AND n.part_row = s.part_row
LEFT JOIN origin o ON o.batch_id = s.batch_id
WHERE coalesce(c.place, 1) = coalesce(c.best_of_day, 1)
