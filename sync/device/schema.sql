-- The tablet's database, version 1. Source tables first; projections (dropped and rebuilt at will) after the line.
-- What a damaged page could say unnoticed is fenced: a row has a name that is its hash, a `sum` over its values, or
-- CHECKs that the test at every start evaluates.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    sum TEXT NOT NULL
) WITHOUT ROWID;

-- Every key that this tablet holds: one account each, all on this device's one chain.
CREATE TABLE identities (
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    content TEXT NOT NULL,
    sum TEXT NOT NULL,
    PRIMARY KEY (account, device)
) WITHOUT ROWID;

-- The log: own entries and those pulled from central, as the canonical bytes that were signed.
-- `status` is the receipt of an own entry (null: not answered yet); `seq`, `received_ms`, `disposition` and `reason`
-- are central's log row; `seen` says that the row has come back in a pull with a proof that held.
CREATE TABLE log (
    local_seq INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    device TEXT NOT NULL,
    device_seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    author TEXT NOT NULL,
    supersedes TEXT,
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    bytes BLOB NOT NULL,
    status TEXT CHECK (status IN ('accepted', 'duplicate', 'refused')),
    code TEXT,
    seq INTEGER,
    received_ms INTEGER,
    disposition TEXT,
    reason TEXT,
    seen INTEGER NOT NULL DEFAULT 0,
    admitted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX log_id ON log (id);
CREATE INDEX log_device ON log (device, device_seq);
CREATE INDEX log_waiting ON log (device, device_seq) WHERE own = 1 AND status IS NULL;
CREATE INDEX log_supersedes ON log (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX log_seq ON log (seq) WHERE seq IS NOT NULL;

CREATE TABLE drafts (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    content TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    sum TEXT NOT NULL
);

-- `state`: local (only here), uploaded (central took the last byte and its hash), confirmed (an `evidence` entry in
-- the log names it), freed (deleted here after that, when space was short).
CREATE TABLE photos (
    sha256 TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    saved_ms INTEGER NOT NULL,
    draft TEXT,
    state TEXT NOT NULL DEFAULT 'local' CHECK (state IN ('local', 'uploaded', 'confirmed', 'freed')),
    upload_path TEXT
) WITHOUT ROWID;
CREATE INDEX photos_state ON photos (state, saved_ms);

-- When what waits is tried again; survives a restart.
CREATE TABLE tries (
    what TEXT PRIMARY KEY,
    tries INTEGER NOT NULL,
    next_try_ms INTEGER NOT NULL,
    code TEXT NOT NULL
) WITHOUT ROWID;

-- Rejected or abandoned tree heads, kept as evidence against whoever signed them.
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    code TEXT NOT NULL CHECK (code IN ('log_rewritten', 'log_rolled_back')),
    seen TEXT,
    offered TEXT,
    settled TEXT
);

-- Projections ---------------------------------------------------------------------------------------------------

CREATE TABLE threads (
    entry TEXT PRIMARY KEY,
    root TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX threads_root ON threads (root);

CREATE TABLE records (
    root TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    about TEXT NOT NULL,
    standing TEXT NOT NULL,
    in_force TEXT,
    latest TEXT NOT NULL,
    heads TEXT NOT NULL,
    versions TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX records_standing ON records (standing);

CREATE TABLE listed_photos (
    entry TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (entry, sha256)
) WITHOUT ROWID;
CREATE INDEX listed_photos_sha256 ON listed_photos (sha256);
