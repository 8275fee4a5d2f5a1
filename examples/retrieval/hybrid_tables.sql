-- The width of `vector` is open, because models differ. It needs no index: a search compares all passages that a
-- user may see, which is exact, and fast up to some hundred thousand.
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS passages (
    owner text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    content text NOT NULL,
    words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', content)) STORED,
    model text NOT NULL,
    vector vector NOT NULL
);
CREATE INDEX IF NOT EXISTS passages_by_owner ON passages (owner, model, name);
