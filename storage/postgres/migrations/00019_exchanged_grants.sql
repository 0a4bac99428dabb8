-- +goose Up

-- Whose word an exchanged token rests on: the issuer whose token it was exchanged for, and the one where the person authenticated. It
-- ends with the trust in either. Grants of sessions have neither, so the index costs them nothing.

ALTER TABLE grants ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX grants_exchanged ON grants (expires_at) WHERE issuer <> '';
