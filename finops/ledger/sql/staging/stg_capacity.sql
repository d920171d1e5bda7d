-- stg_capacity: what a metered resource, or an instance type, could have given in a window, from its meters.
-- grain: (level, window_start, resource, instance_type)
-- slice: none
WITH resource_hour AS (
    SELECT m.hour, m.resource, m.instance_type, max(m.capacity) AS units
    FROM stg_meter m
    WHERE m.capacity IS NOT NULL
    GROUP BY m.hour, m.resource, m.instance_type
),
level AS (
    SELECT 0 AS level, 'hour' AS part
    UNION ALL SELECT 1 AS level, 'day' AS part
    UNION ALL SELECT 2 AS level, 'month' AS part
)
SELECT
    l.level,
    date_trunc(l.part, h.hour) AS window_start,
    h.resource,
    h.instance_type,
    max(h.units) AS units,
    CAST(sum(h.units) AS DECIMAL(38, 12)) AS unit_hours
FROM resource_hour h
CROSS JOIN level l
GROUP BY l.level, date_trunc(l.part, h.hour), h.resource, h.instance_type
