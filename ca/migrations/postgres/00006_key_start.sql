-- +goose Up

-- Keys are looked for by the first ten characters of their hash, and what that finds is
-- held against the whole. Hashes come in no order, so each dirties a page of its index:
-- entries a quarter as long leave a quarter of the pages, of the splits, and of the cache.
DROP INDEX ca_order_key;
DROP INDEX ca_certificate_escrowed;
CREATE INDEX ca_order_key_start ON ca_order (substr(key_hash, 1, 10));
-- Keys that came from the KMC; those of signing halves stand in ca_order.
CREATE INDEX ca_certificate_escrowed_start ON ca_certificate (substr(key_hash, 1, 10)) WHERE role = 'encrypt';

-- +goose Down
DROP INDEX ca_certificate_escrowed_start;
DROP INDEX ca_order_key_start;
CREATE INDEX ca_order_key ON ca_order (key_hash);
CREATE INDEX ca_certificate_escrowed ON ca_certificate (key_hash) WHERE role = 'encrypt';
