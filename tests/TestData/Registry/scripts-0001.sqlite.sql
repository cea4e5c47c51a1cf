-- Models, their immutable versions and bytes, aliases with their history, validation cards.
-- Texts that name things compare by code unit (SQLite's default, BINARY).

CREATE TABLE model (
    id INTEGER NOT NULL CONSTRAINT pk_model PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    process TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX ix_model_name ON model (name);
CREATE INDEX ix_model_process ON model (process);

CREATE TABLE model_version (
    id INTEGER NOT NULL CONSTRAINT pk_model_version PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    document TEXT NOT NULL,
    state TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_model_version_model_id FOREIGN KEY (model_id) REFERENCES model (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX ix_model_version_model_id_number ON model_version (model_id, number);
CREATE UNIQUE INDEX ix_model_version_model_id_sha256 ON model_version (model_id, sha256);
CREATE INDEX ix_model_version_sha256 ON model_version (sha256);

CREATE TABLE alias (
    model_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    version_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    CONSTRAINT pk_alias PRIMARY KEY (model_id, name),
    CONSTRAINT fk_alias_model_id FOREIGN KEY (model_id) REFERENCES model (id) ON DELETE RESTRICT,
    CONSTRAINT fk_alias_version_id FOREIGN KEY (version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
CREATE INDEX ix_alias_version_id ON alias (version_id);

CREATE TABLE alias_event (
    id INTEGER NOT NULL CONSTRAINT pk_alias_event PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL,
    alias TEXT NOT NULL,
    from_version_id INTEGER NULL,
    to_version_id INTEGER NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT fk_alias_event_model_id FOREIGN KEY (model_id) REFERENCES model (id) ON DELETE RESTRICT,
    CONSTRAINT fk_alias_event_from_version_id FOREIGN KEY (from_version_id) REFERENCES model_version (id) ON DELETE RESTRICT,
    CONSTRAINT fk_alias_event_to_version_id FOREIGN KEY (to_version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
CREATE INDEX ix_alias_event_model_id_alias_at ON alias_event (model_id, alias, at);
CREATE INDEX ix_alias_event_from_version_id ON alias_event (from_version_id);
CREATE INDEX ix_alias_event_to_version_id ON alias_event (to_version_id);

CREATE TABLE validation_card (
    id INTEGER NOT NULL CONSTRAINT pk_validation_card PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    passed INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_validation_card_version_id FOREIGN KEY (version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
CREATE INDEX ix_validation_card_version_id ON validation_card (version_id);

CREATE TABLE artifact_chunk (
    sha256 TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    CONSTRAINT pk_artifact_chunk PRIMARY KEY (sha256, ordinal)
);
