-- The database of drawings, version 1. `ascii-db init` may run it on a database that has it.
CREATE TABLE IF NOT EXISTS art (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL,             -- canonical, see engine/ascii_writer/canonical.h
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  style INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  caption TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL,           -- where it comes from
  rights TEXT NOT NULL,           -- why it may be used
  quality REAL,
  added_at TEXT NOT NULL,         -- UTC
  content_hash BLOB NOT NULL UNIQUE,  -- SHA-256 of the text
  shape_hash INTEGER NOT NULL,        -- see engine/ascii_writer/shape_hash.h
  CHECK (width BETWEEN 1 AND 256 AND height BETWEEN 1 AND 256)
);

CREATE TABLE IF NOT EXISTS tag (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE
);

CREATE TABLE IF NOT EXISTS art_tag (
  art_id INTEGER NOT NULL REFERENCES art ON DELETE CASCADE,
  tag_id INTEGER NOT NULL REFERENCES tag,
  PRIMARY KEY (art_id, tag_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS art_shape ON art (shape_hash);
CREATE INDEX IF NOT EXISTS art_tag_tag ON art_tag (tag_id);

-- A row of it has the id of its drawing; the triggers keep it so.
CREATE VIRTUAL TABLE IF NOT EXISTS art_fts USING fts5(
  title, caption, tags, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER IF NOT EXISTS art_added AFTER INSERT ON art BEGIN
  INSERT INTO art_fts (rowid, title, caption, tags) VALUES (new.id, new.title, new.caption, '');
END;

CREATE TRIGGER IF NOT EXISTS art_changed AFTER UPDATE OF title, caption ON art BEGIN
  UPDATE art_fts SET title = new.title, caption = new.caption WHERE rowid = new.id;
END;

CREATE TRIGGER IF NOT EXISTS art_removed AFTER DELETE ON art BEGIN
  DELETE FROM art_fts WHERE rowid = old.id;
END;

CREATE TRIGGER IF NOT EXISTS art_tagged AFTER INSERT ON art_tag BEGIN
  UPDATE art_fts SET tags = (
    SELECT coalesce(group_concat(name, ', '), '') FROM (
      SELECT name FROM tag JOIN art_tag ON tag.id = tag_id WHERE art_id = new.art_id ORDER BY tag.id
    )
  ) WHERE rowid = new.art_id;
END;

CREATE TRIGGER IF NOT EXISTS art_untagged AFTER DELETE ON art_tag BEGIN
  UPDATE art_fts SET tags = (
    SELECT coalesce(group_concat(name, ', '), '') FROM (
      SELECT name FROM tag JOIN art_tag ON tag.id = tag_id WHERE art_id = old.art_id ORDER BY tag.id
    )
  ) WHERE rowid = old.art_id;
END;

PRAGMA user_version = 1;
