-- +goose Up

-- Whose cases somebody of the staff works on.

ALTER TABLE staff ADD COLUMN regions TEXT NOT NULL DEFAULT '';

-- What triage made of a case, for the queue; and how many are open for how long, read from this index alone.

ALTER TABLE cases ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_ages ON cases (region, kind, due_at, filed_at) WHERE open AND duplicate_of = '';
