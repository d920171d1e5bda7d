-- stg_repeat: records of a model call of which there are several: `best` is the one that counts, the others are superfluous.
-- First come those that configuration wants, then those with tokens; transcripts come last, for some are never finished. What is
-- more than 24 hours apart is not compared.
-- grain: (row_key)
-- slice: none
WITH named AS (
    SELECT a.row_key, 'answer ' || a.answer AS name FROM stg_answer a WHERE a.answer IS NOT NULL
    UNION ALL
    SELECT p.row_key, 'pair ' || p.pair AS name FROM stg_pair p
),
several AS (
    SELECT n.name FROM named n GROUP BY n.name HAVING count(*) > 1
),
ranked AS (
    SELECT
        n.name, a.row_key, a.call_key, a.call_day, a.start_time,
        row_number() OVER (
            ORDER BY
                o.row_key IS NOT NULL, a.has_tokens DESC, a.route IN ('claude_code', 'codex'), a.completeness DESC,
                a.output_tokens DESC, a.call_key, n.name
        ) AS place
    FROM named n
    JOIN several v ON v.name = n.name
    JOIN stg_answer a ON a.row_key = n.row_key
    LEFT JOIN stg_passed_over o ON o.row_key = n.row_key
),
compared AS (
    SELECT
        r.row_key, r.call_day, r.place,
        min(r.place) OVER around AS best_place,
        arg_min(r.row_key, r.place) OVER around AS best,
        arg_min(r.call_key, r.place) OVER around AS best_call
    FROM ranked r
    WINDOW around AS (
        PARTITION BY r.name ORDER BY r.start_time
        RANGE BETWEEN INTERVAL 24 HOUR PRECEDING AND INTERVAL 24 HOUR FOLLOWING
    )
)
SELECT
    c.row_key, c.call_day,
    min(c.place) AS place,
    arg_min(c.best, c.best_place) AS best,
    arg_min(c.best_call, c.best_place) AS best_call,
    bool_or(c.best <> c.row_key) AS is_superfluous
FROM compared c
GROUP BY c.row_key, c.call_day
