-- stg_service_layer: the layer of each service of the bills: by its name or its meter, else by its category, else by weaker words.
-- grain: (category, subcategory, service, meter)
-- slice: none
WITH service AS (
    SELECT DISTINCT
        coalesce(c."ServiceCategory", '') AS category, coalesce(c."ServiceSubcategory", '') AS subcategory,
        coalesce(c."ServiceName", '') AS service, coalesce(c."SkuMeter", '') AS meter
    FROM stg_alike c
),
worded AS (
    SELECT
        s.category, s.subcategory, s.service, s.meter,
        min(CASE WHEN w.strong THEN w.place END) AS strong,
        min(CASE WHEN NOT w.strong THEN w.place END) AS weak
    FROM service s
    JOIN layer_word w
        ON contains(' ' || lower(s.service) || ' ', w.word) OR (w.in_meter AND contains(' ' || lower(s.meter) || ' ', w.word))
    GROUP BY s.category, s.subcategory, s.service, s.meter
)
SELECT
    s.category, s.subcategory, s.service, s.meter,
    coalesce(strong.layer, narrow.layer, wide.layer, weak.layer) AS layer
FROM service s
LEFT JOIN worded w ON w.category = s.category AND w.subcategory = s.subcategory AND w.service = s.service AND w.meter = s.meter
LEFT JOIN layer_word strong ON strong.place = w.strong
LEFT JOIN layer_word weak ON weak.place = w.weak
LEFT JOIN layer_category narrow ON narrow.category = lower(s.category) AND narrow.subcategory = lower(s.subcategory) AND narrow.subcategory <> ''
LEFT JOIN layer_category wide ON wide.category = lower(s.category) AND wide.subcategory = ''
