-- report_token_prices: the batches of token prices in the ledger.
SELECT p.batch, max(p.source) AS source, max(p.as_of) AS as_of
FROM price_token p
GROUP BY p.batch
ORDER BY as_of DESC, p.batch
LIMIT 3
