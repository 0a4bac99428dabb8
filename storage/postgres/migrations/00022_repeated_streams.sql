-- +goose Up

-- When a stream was last set back, to tell again what it was told; 0: never.

ALTER TABLE streams ADD COLUMN repeated_at BIGINT NOT NULL DEFAULT 0;

-- Whether the signal was given up at that moment, instead of heard.

ALTER TABLE signal_acks ADD COLUMN lost BOOLEAN NOT NULL DEFAULT FALSE;
