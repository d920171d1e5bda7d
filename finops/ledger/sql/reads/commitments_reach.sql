-- commitments_reach: from which hour to which each provider's bills go, by charges of a day or less.
SELECT
    coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
    date_trunc('hour', min(c."ChargePeriodStart")) AS first_hour,
    date_trunc('hour', max(coalesce(c."ChargePeriodEnd", c."ChargePeriodStart" + INTERVAL 1 HOUR))) AS end_hour
FROM charge c
LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
WHERE coalesce(c."ChargePeriodEnd", c."ChargePeriodStart") <= c."ChargePeriodStart" + INTERVAL 25 HOUR
GROUP BY 1
ORDER BY 1 NULLS LAST
