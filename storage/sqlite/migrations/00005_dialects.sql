-- +goose Up

-- How an issuer speaks that is no OpenID provider.

ALTER TABLE upstreams ADD COLUMN dialect BLOB;
