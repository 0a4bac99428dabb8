-- +goose Up

-- What ceased to stand lately is read often by every node, and is little.

ALTER TABLE persons ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX persons_changed ON persons (changed_at) WHERE changed_at > 0;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at > 0;
