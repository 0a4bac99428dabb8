-- +goose Up

-- A way to sign in that was added by less than the person had: until when it reaches no more than what it was added by; 0: it counts fully.

ALTER TABLE credentials ADD COLUMN counts_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE credentials ADD COLUMN at_most INTEGER NOT NULL DEFAULT 0;
