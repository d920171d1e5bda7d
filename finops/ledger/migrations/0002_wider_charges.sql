-- Charges have more columns, and invoices a table. Parts are immutable: where the ledger holds older ones, views fill in nulls.
INSERT INTO meta SELECT 'narrow_parts', 'charge' WHERE EXISTS (SELECT 1 FROM part WHERE contract = 'charge');
