-- stg_alike: billing lines that nothing tells apart, added up: what a line is and whose it is, is then asked once for all of them.
-- Questions about single lines put a view of `stg_line` in its place (finops.ledger.charge_views).
-- slice: charge_day
SELECT
    CAST(NULL AS BIGINT) AS batch_id,
    CAST(NULL AS BIGINT) AS part_row,
    l.* EXCLUDE (batch_id, part_row, begun, hours, billed, effective, list, contracted),
    count(*) AS charges,
    CAST(sum(l.hours) AS DECIMAL(38, 12)) AS hours,
    CAST(sum(l.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(l.effective) AS DECIMAL(38, 12)) AS effective,
    CAST(sum(l.list) AS DECIMAL(38, 12)) AS list,
    CAST(sum(l.contracted) AS DECIMAL(38, 12)) AS contracted
FROM stg_line l
WHERE {{lines_of_run}}
GROUP BY ALL
