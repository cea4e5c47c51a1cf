-- Retirement of versions with its history, API keys, jobs. What must not change is guarded by the database itself.

CREATE TABLE version_event (
    id INTEGER NOT NULL CONSTRAINT pk_version_event PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT fk_version_event_version_id FOREIGN KEY (version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
CREATE INDEX ix_version_event_version_id ON version_event (version_id);

CREATE TABLE api_key (
    id INTEGER NOT NULL CONSTRAINT pk_api_key PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    events_per_second INTEGER NULL,
    concurrent_requests INTEGER NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NULL,
    revoked_at TEXT NULL
);
CREATE UNIQUE INDEX ix_api_key_hash ON api_key (hash);
CREATE INDEX ix_api_key_name ON api_key (name);

CREATE TABLE job (
    id INTEGER NOT NULL CONSTRAINT pk_job PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    api_key_id INTEGER NULL,
    worker TEXT NULL,
    lease_until TEXT NULL,
    attempts INTEGER NOT NULL,
    done INTEGER NOT NULL,
    result TEXT NULL,
    error TEXT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT NULL,
    finished_at TEXT NULL,
    revision INTEGER NOT NULL,
    CONSTRAINT fk_job_api_key_id FOREIGN KEY (api_key_id) REFERENCES api_key (id) ON DELETE RESTRICT
);
CREATE INDEX ix_job_state_id ON job (state, id);
CREATE INDEX ix_job_api_key_id ON job (api_key_id);

-- Rows that are added and never changed. INSERT OR REPLACE deletes without asking triggers for deletion: hence those for insertion.

CREATE TRIGGER alias_event_unchanged BEFORE UPDATE ON alias_event
BEGIN SELECT RAISE(ABORT, 'Rows of alias_event are added, never changed or deleted.'); END;
CREATE TRIGGER alias_event_kept BEFORE DELETE ON alias_event
BEGIN SELECT RAISE(ABORT, 'Rows of alias_event are added, never changed or deleted.'); END;
CREATE TRIGGER alias_event_not_replaced BEFORE INSERT ON alias_event
    WHEN EXISTS (SELECT 1 FROM alias_event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'Rows of alias_event are added, never changed or deleted.'); END;

CREATE TRIGGER version_event_unchanged BEFORE UPDATE ON version_event
BEGIN SELECT RAISE(ABORT, 'Rows of version_event are added, never changed or deleted.'); END;
CREATE TRIGGER version_event_kept BEFORE DELETE ON version_event
BEGIN SELECT RAISE(ABORT, 'Rows of version_event are added, never changed or deleted.'); END;
CREATE TRIGGER version_event_not_replaced BEFORE INSERT ON version_event
    WHEN EXISTS (SELECT 1 FROM version_event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'Rows of version_event are added, never changed or deleted.'); END;

CREATE TRIGGER validation_card_unchanged BEFORE UPDATE ON validation_card
BEGIN SELECT RAISE(ABORT, 'Rows of validation_card are added, never changed or deleted.'); END;
CREATE TRIGGER validation_card_kept BEFORE DELETE ON validation_card
BEGIN SELECT RAISE(ABORT, 'Rows of validation_card are added, never changed or deleted.'); END;
CREATE TRIGGER validation_card_not_replaced BEFORE INSERT ON validation_card
    WHEN EXISTS (SELECT 1 FROM validation_card WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'Rows of validation_card are added, never changed or deleted.'); END;

-- A version: all but its state.

CREATE TRIGGER model_version_unchanged BEFORE UPDATE OF id, model_id, number, sha256, size_bytes, document, created_by, created_at ON model_version
BEGIN SELECT RAISE(ABORT, 'Of a row of model_version only the state changes.'); END;
CREATE TRIGGER model_version_kept BEFORE DELETE ON model_version
BEGIN SELECT RAISE(ABORT, 'Rows of model_version are added, never changed or deleted.'); END;
CREATE TRIGGER model_version_not_replaced BEFORE INSERT ON model_version
    WHEN EXISTS (SELECT 1 FROM model_version WHERE id = NEW.id OR model_id = NEW.model_id AND (number = NEW.number OR sha256 = NEW.sha256))
BEGIN SELECT RAISE(ABORT, 'Rows of model_version are added, never changed or deleted.'); END;
CREATE TRIGGER model_version_state_insert BEFORE INSERT ON model_version
    WHEN NEW.state NOT IN ('active', 'retired')
BEGIN SELECT RAISE(ABORT, 'The state of a row of model_version is active or retired.'); END;
CREATE TRIGGER model_version_state_update BEFORE UPDATE ON model_version
    WHEN NEW.state NOT IN ('active', 'retired')
BEGIN SELECT RAISE(ABORT, 'The state of a row of model_version is active or retired.'); END;

-- Bytes: none change, those of a version stay.

CREATE TRIGGER artifact_chunk_unchanged BEFORE UPDATE ON artifact_chunk
BEGIN SELECT RAISE(ABORT, 'Rows of artifact_chunk are added, never changed.'); END;
CREATE TRIGGER artifact_chunk_kept BEFORE DELETE ON artifact_chunk
    WHEN EXISTS (SELECT 1 FROM model_version WHERE sha256 = OLD.sha256)
BEGIN SELECT RAISE(ABORT, 'The bytes of a version are not deleted.'); END;
