CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they came
  id TEXT NOT NULL UNIQUE,
  client TEXT NOT NULL,
  created REAL NOT NULL,
  seed TEXT NOT NULL,                        -- 64 bits without a sign
  request TEXT NOT NULL,
  picture BLOB,
  mask BLOB,
  answer TEXT NOT NULL DEFAULT '',
  document TEXT NOT NULL DEFAULT ''          -- empty: it is not over
);
CREATE INDEX jobs_of_client ON jobs (client, number);

CREATE TABLE pictures (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  job TEXT NOT NULL,
  client TEXT NOT NULL,
  place INTEGER NOT NULL,                    -- among the job's pictures
  seed TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  created REAL NOT NULL,
  prompt TEXT NOT NULL,
  words TEXT NOT NULL,
  filtered INTEGER NOT NULL,
  UNIQUE (job, place)
);
CREATE INDEX pictures_of_client ON pictures (client, number);

CREATE TABLE conversations (
  client TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  spoken REAL NOT NULL
);
