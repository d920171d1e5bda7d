-- commitment_fees: purchases of commitments that a time's cost holds in full, of providers whose bills never say what of a commitment was used: what is unused is in them, and not known.
WITH fee AS (
    SELECT
        coalesce(c."ServiceProviderName", c."InvoiceIssuerName") AS provider,
        coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS cloud,
        c."CommitmentDiscountType" AS kind, c."BillingCurrency" AS currency, c."EffectiveCost" AS cost
    FROM charge c
    LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
    WHERE c."ChargeCategory" = 'Purchase' AND c."CommitmentDiscountType" IS NOT NULL AND c."EffectiveCost" <> 0
        AND c."ChargePeriodStart" >= CAST($first AS DATE) AND c."ChargePeriodStart" < CAST($end AS DATE)
),
said AS (
    SELECT DISTINCT coalesce(c."ServiceProviderName", c."InvoiceIssuerName") AS provider, c."CommitmentDiscountType" AS kind
    FROM charge c
    WHERE c."CommitmentDiscountStatus" = 'Unused'
)
SELECT f.provider, f.cloud, f.kind, f.currency, count(*) AS charges, CAST(sum(f.cost) AS DECIMAL(38, 12)) AS cost
FROM fee f
WHERE NOT EXISTS (SELECT 1 AS one FROM said s WHERE s.provider = f.provider AND s.kind = f.kind)
GROUP BY f.provider, f.cloud, f.kind, f.currency
ORDER BY f.provider, f.cloud, f.kind, f.currency
