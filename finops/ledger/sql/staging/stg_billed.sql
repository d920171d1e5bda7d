-- stg_billed: the amounts of billing lines as they are stored; nothing is joined to them, so that models can be held against them.
-- slice: charge_day
-- as: view
SELECT
    CAST(c."ChargePeriodStart" AS DATE) AS charge_day,
    billing_month_of(c."BillingPeriodStart") AS billing_month,
    c."InvoiceIssuerName" AS issuer,
    c."InvoiceId" AS invoice,
    c."BillingAccountId" AS account,
    c."BillingCurrency" AS currency,
    1 AS charges,
    c."BilledCost" AS billed,
    c."EffectiveCost" AS effective,
    c."ListCost" AS list,
    c."ContractedCost" AS contracted
FROM charge c
WHERE {{charge_within}}
