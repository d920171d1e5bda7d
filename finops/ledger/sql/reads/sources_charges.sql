-- sources_charges: charges by day as a bill of model calls needs them: what kind of charge, the four costs (null where a charge of the
-- sum does not say it), the list cost in the currency that the provider's prices are in, and the tokens at the price list's price. With
-- `by_row`, a row each for every charge.
WITH line AS (
    SELECT
        CASE WHEN CAST($by_row AS BOOLEAN) THEN c.batch_id END AS batch_id, CASE WHEN CAST($by_row AS BOOLEAN) THEN c.part_row END AS line,
        CAST(c."ChargePeriodStart" AS DATE) AS day,
        CAST(coalesce(c."ChargePeriodEnd", c."ChargePeriodStart") - INTERVAL 1 MICROSECOND AS DATE) AS last_day,
        strftime(date_trunc('month', c."BillingPeriodStart" + INTERVAL 12 HOUR), '%Y-%m') AS period,
        coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
        c."InvoiceIssuerName" AS issuer, c."BillingAccountId" AS account, c."SubAccountId" AS subaccount, c."BillingCurrency" AS currency,
        coalesce(c."ServiceProviderName", '') AS provider_raw,
        coalesce(
            c."x_Model", c."SkuPriceDetails"['ModelId'], c."SkuPriceDetails"['x_ModelId'], c."SkuPriceDetails"['model']
        ) AS model_raw,
        CASE
            WHEN c."ChargeClass" = 'Correction' THEN 'correction'
            WHEN c."ChargeCategory" IN ('Tax', 'Credit', 'Purchase', 'Adjustment') THEN lower(c."ChargeCategory")
            ELSE 'usage'
        END AS kind,
        CASE
            WHEN c."x_TokenClass" IS NOT NULL THEN lower(c."x_TokenClass")
            WHEN lower(coalesce(c."SkuPriceDetails"['TokenDirection'], c."SkuPriceDetails"['x_TokenDirection'])) = 'output' THEN 'output'
            WHEN lower(coalesce(c."SkuPriceDetails"['TokenDirection'], c."SkuPriceDetails"['x_TokenDirection'])) = 'input'
                THEN CASE lower(coalesce(
                        c."SkuPriceDetails"['TokenCacheAction'], c."SkuPriceDetails"['CacheAction'],
                        c."SkuPriceDetails"['x_TokenCacheAction'], c."SkuPriceDetails"['x_CacheAction'], 'none'
                    ))
                    WHEN 'read' THEN 'cache_read'
                    WHEN 'write' THEN 'cache_write_5m'
                    WHEN 'uncached' THEN 'input_uncached'
                    WHEN 'none' THEN 'input_uncached'
                END
        END AS token_class,
        coalesce(
            lower(coalesce(
                c."SkuPriceDetails"['ServiceTier'], c."SkuPriceDetails"['x_ServiceTier'], c."SkuPriceDetails"['service_tier']
            )),
            nullif(regexp_extract(
                lower(coalesce(c."SkuId", '') || ' ' || coalesce(c."SkuMeter", '') || ' ' || coalesce(c."ChargeDescription", '')),
                '\b(batch|priority|flex)\b', 1
            ), ''),
            'standard'
        ) AS service_tier,
        CASE WHEN lower(c."ConsumedUnit") IN ('token', 'tokens') THEN c."ConsumedQuantity" END AS tokens,
        c."BilledCost" AS billed, c."ListCost" AS list, c."ContractedCost" AS contracted,
        coalesce(c."PricingCurrency", c."BillingCurrency") AS list_currency,
        CASE
            WHEN c."PricingCurrency" IS NULL OR c."PricingCurrency" = c."BillingCurrency" THEN c."ListCost"
            ELSE CAST(CAST(c."PricingCurrencyListUnitPrice" AS DECIMAL(19, 15)) * CAST(c."PricingQuantity" AS DECIMAL(19, 6)) AS DECIMAL(38, 12))
        END AS list_own
    FROM charge c
    LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
    WHERE ($currency IS NULL OR c."BillingCurrency" = $currency)
        AND (
            $first IS NULL OR (c."ChargePeriodStart" >= CAST($first AS TIMESTAMP) AND c."ChargePeriodStart" < CAST($end AS TIMESTAMP))
            OR CAST(date_trunc('month', c."BillingPeriodStart" + INTERVAL 12 HOUR) AS DATE) = CAST($first AS DATE)
        )
),
newest AS (SELECT arg_max(p.batch, p.as_of) AS batch FROM price_token p),
priced AS (
    SELECT
        l.*, coalesce(m.model, l.model_raw) AS model,
        coalesce(own.price, standard.price) AS price, coalesce(own.currency, standard.currency) AS price_currency
    FROM line l
    LEFT JOIN model_alias m ON m.provider_raw = l.provider_raw AND m.model_raw = l.model_raw
    LEFT JOIN price_month b ON b.call_month = CAST(date_trunc('month', l.day) AS DATE)
    LEFT JOIN price_token own
        ON own.batch = coalesce(b.batch, (SELECT n.batch FROM newest n)) AND own.provider = m.provider AND own.model = m.model
        AND own.token_class = l.token_class AND own.service_tier = l.service_tier AND own.variant = '' AND own.min_input_tokens = 0
        AND own.tod_from IS NULL AND own.tod_to IS NULL
        AND coalesce(own.valid_from, TIMESTAMP '0001-01-01') <= l.day AND l.day < coalesce(own.valid_to, TIMESTAMP '9999-01-01')
    LEFT JOIN price_token standard
        ON standard.batch = coalesce(b.batch, (SELECT n.batch FROM newest n)) AND standard.provider = m.provider
        AND standard.model = m.model AND standard.token_class = l.token_class AND standard.service_tier = 'standard'
        AND standard.variant = '' AND standard.min_input_tokens = 0 AND standard.tod_from IS NULL AND standard.tod_to IS NULL
        AND coalesce(standard.valid_from, TIMESTAMP '0001-01-01') <= l.day
        AND l.day < coalesce(standard.valid_to, TIMESTAMP '9999-01-01')
)
SELECT
    p.batch_id, p.line, p.day, p.last_day, p.period, p.provider, p.issuer, p.account, p.subaccount, p.currency, p.model, p.kind, p.list_currency,
    max(p.price_currency) AS price_currency,
    CAST(sum(p.billed) AS DECIMAL(38, 12)) AS billed,
    CASE WHEN count(p.list) = count(*) THEN CAST(sum(p.list) AS DECIMAL(38, 12)) END AS list,
    CASE WHEN count(p.contracted) = count(*) THEN CAST(sum(p.contracted) AS DECIMAL(38, 12)) END AS contracted,
    CASE WHEN count(p.list_own) = count(*) THEN CAST(sum(p.list_own) AS DECIMAL(38, 12)) END AS list_own,
    CASE
        WHEN count(p.tokens) = count(*) AND count(p.price) = count(*)
            THEN CAST(sum(CAST(p.tokens AS DECIMAL(19, 3)) * CAST(p.price AS DECIMAL(19, 15))) AS DECIMAL(38, 18))
    END AS at_list
FROM priced p
GROUP BY ALL
ORDER BY ALL
