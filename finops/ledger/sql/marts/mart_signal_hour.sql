-- mart_signal_hour: each pressure signal by hour: how many points, their sum in millionths, the lowest and the highest.
-- grain: (hour, signal, labels)
-- slice: none
SELECT
    p.hour, p.signal,
    p.labels,
    max(p.kind) AS kind,
    count(*) AS points,
    CAST(sum(CAST(round(p.value * 1000000) AS HUGEINT)) AS DECIMAL(38, 0)) AS sum_millionths,
    min(p.value) AS low,
    max(p.value) AS high
FROM stg_sample p
GROUP BY p.hour, p.signal, p.labels
