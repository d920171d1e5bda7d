-- waste_told: of the counted calls, how many say what a cause of waste is told by; hours of meters, and charges that say how they are priced.
SELECT
    count(CASE WHEN c.counted AND c.operation IN ('inference', 'embeddings') THEN 1 END) AS model_calls,
    count(CASE WHEN c.counted AND c.operation IN ('inference', 'embeddings') THEN c.status END) AS with_status,
    count(CASE WHEN c.counted AND c.operation IN ('inference', 'embeddings') THEN c.finish_reason END) AS with_finish_reason,
    count(CASE WHEN c.counted AND c.operation IN ('inference', 'embeddings') THEN c.prompt_hash END) AS with_prompt_hash,
    count(CASE WHEN c.counted AND c.operation IN ('inference', 'embeddings') THEN c.input_uncached END) AS with_tokens,
    count(CASE WHEN c.counted AND c.operation = 'tool' THEN 1 END) AS tool_calls,
    count(CASE WHEN c.counted AND c.operation = 'tool' AND (c.args_hash IS NOT NULL OR c.status = 'error') THEN 1 END) AS with_errand,
    count(DISTINCT r.run_id) AS runs,
    count(DISTINCT CASE WHEN r.accepted IS NOT NULL THEN r.run_id END) AS with_verdict,
    (
        SELECT count(*) FROM meter m WHERE m.hour >= CAST($first AS DATE) AND m.hour < CAST($end AS DATE)
    ) AS metered_hours,
    (
        SELECT count(coalesce(h."CommitmentDiscountStatus", h."PricingCategory")) FROM charge h
        WHERE h."ChargePeriodStart" >= CAST($first AS DATE) AND h."ChargePeriodStart" < CAST($end AS DATE)
    ) AS priced_charges
FROM fct_call c
JOIN fct_run r ON r.run_id = c.run_id
WHERE c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
