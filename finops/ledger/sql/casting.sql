-- Text to typed values: the only place where the ledger casts. Each macro is null where its text can't be read.

-- The words that mean null, and text that is nothing but blanks. Text that is longer, or begins with none of their first
-- characters (a blank, `(`, N or n), is none of them, which is quick to see.
-- No list of words after IN: the engine makes a join of it, for every column.
CREATE OR REPLACE TEMP MACRO finops_text(t) AS CASE
    WHEN t > '!' AND (strlen(t) > 6 OR (t >= ')' AND (t < 'N' OR t >= 'O') AND (t < 'n' OR t >= 'o'))) THEN t
    WHEN regexp_full_match(t, '[ \t\r\n]*|NULL|null|\(null\)|N/A') THEN NULL
    ELSE t END;

-- A plain number, as text. DuckDB's own cast would also take `1_000` and ` 1.5 `.
CREATE OR REPLACE TEMP MACRO finops_number(t) AS
    CASE WHEN regexp_full_match(t, '[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?') THEN t END;

-- The same for a cast that makes nothing of an empty text. Calls without a condition are made once per text of a dictionary.
CREATE OR REPLACE TEMP MACRO finops_digits(t) AS
    regexp_extract(t, '^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?$');

-- A time with its seconds, which not every DuckDB does without, and with a decimal point.
CREATE OR REPLACE TEMP MACRO finops_clock(t) AS
    replace(CASE WHEN strlen(t) > 15 AND substr(t, 17, 1) <> ':' THEN left(t, 16) || ':00' || substr(t, 17) ELSE t END, ',', '.');

-- A time as UTC; a text without an offset is UTC already. A plain cast of a text with an offset would drop the offset.
CREATE OR REPLACE TEMP MACRO finops_any_time(t) AS CASE
    WHEN NOT regexp_full_match(t, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?)?') THEN NULL
    WHEN length(t) <= 10 OR ends_with(t, 'Z') THEN TRY_CAST(finops_clock(t) AS TIMESTAMP)
    ELSE CAST(TRY_CAST(finops_clock(t) AS TIMESTAMPTZ) AS TIMESTAMP) END;

-- The usual ways to write a time first, which need no condition.
CREATE OR REPLACE TEMP MACRO finops_time(t) AS coalesce(
    TRY_CAST(regexp_extract(t, '^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z?)?$') AS TIMESTAMP), finops_any_time(t));

CREATE OR REPLACE TEMP MACRO finops_int(t) AS
    CASE WHEN regexp_full_match(t, '[+-]?\d{1,19}(\.0*)?') THEN TRY_CAST(t AS BIGINT) END;

CREATE OR REPLACE TEMP MACRO finops_float(t) AS
    CASE WHEN regexp_full_match(t, '[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?') AND isfinite(TRY_CAST(t AS DOUBLE))
    THEN TRY_CAST(t AS DOUBLE) END;

CREATE OR REPLACE TEMP MACRO finops_bool(t) AS CASE lower(t)
    WHEN 'true' THEN true WHEN 't' THEN true WHEN 'yes' THEN true WHEN 'y' THEN true WHEN '1' THEN true
    WHEN 'false' THEN false WHEN 'f' THEN false WHEN 'no' THEN false WHEN 'n' THEN false WHEN '0' THEN false END;

-- Whether a JSON object repeats a key. Where the engine's cast refuses such an object, it needs not be asked: see casting.py.
CREATE OR REPLACE TEMP MACRO finops_repeats(j) AS len(json_keys(j)) > list_unique(json_keys(j));

-- A JSON object with a repeated key, which a plain cast refuses or lets through to fail later: the first value of each key, keys in order.
CREATE OR REPLACE TEMP MACRO finops_object(j) AS map_from_entries(list_transform(
    list_sort(list_distinct(json_keys(j))),
    lambda k: {'key': k, 'value': json_extract_string(j, '/' || replace(replace(k, '~', '~0'), '/', '~1'))}));

-- A JSON list of key and value pairs.
CREATE OR REPLACE TEMP MACRO finops_pairs(j) AS map_from_entries(list_transform(
    list_sort(list_distinct(list_filter(
        list_transform(CAST(j AS JSON[]), lambda e: coalesce(e->>'key', e->>'Key')), lambda k: k IS NOT NULL))),
    lambda k: {'key': k, 'value': list_extract(list_transform(
        list_filter(CAST(j AS JSON[]), lambda e: coalesce(e->>'key', e->>'Key') = k),
        lambda e: coalesce(e->>'value', e->>'Value')), 1)}));

-- Tags and attributes: a JSON object (values kept as text, nested ones as JSON) or a list of key and value pairs.
CREATE OR REPLACE TEMP MACRO finops_map(t) AS CASE
    WHEN t IS NULL OR NOT json_valid(t) THEN NULL
    WHEN json_type(t) = 'OBJECT' AND finops_repeats(t) THEN finops_object(t)
    WHEN json_type(t) = 'OBJECT' THEN coalesce(TRY_CAST(TRY_CAST(t AS JSON) AS MAP(VARCHAR, VARCHAR)), finops_object(t))
    WHEN t = '[]' OR (json_type(t) = 'ARRAY' AND json_type(t, '$[0]') = 'OBJECT') THEN finops_pairs(t) END;

-- How many decimal places a number's text needs: its own, less its exponent.
CREATE OR REPLACE TEMP MACRO finops_places(t) AS CASE
    WHEN contains(lower(t), 'e')
    THEN length(split_part(split_part(lower(t), 'e', 1), '.', 2)) - CAST(split_part(lower(t), 'e', 2) AS INTEGER)
    ELSE length(split_part(t, '.', 2)) END;
