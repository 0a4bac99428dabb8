-- +goose Up

-- The form in which a name was received, with the version of the table by which it is the stored one; sealed. NULL where that is no other.

ALTER TABLE persons ADD COLUMN name_received BYTEA;
