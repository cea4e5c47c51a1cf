PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO schema_migration VALUES(1,'0001-models');
INSERT INTO schema_migration VALUES(2,'0002-history-keys-jobs');
INSERT INTO schema_migration VALUES(3,'0003-grounds');
INSERT INTO schema_migration VALUES(4,'0004-golden-samples');
INSERT INTO schema_migration VALUES(5,'0005-job-output');
CREATE TABLE model (
    id INTEGER NOT NULL CONSTRAINT pk_model PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    process TEXT NOT NULL,
    created_at TEXT NOT NULL
);
INSERT INTO model VALUES(1,'top-flow','ttbar','2026-11-30 12:00:01.75');
INSERT INTO model VALUES(4,'Z-flow','zjets','2026-11-30 12:00:09.25');
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
INSERT INTO model_version VALUES(1,1,1,'d67e08ade6e823c063affb00fea95adabffa75cf1a660d8fcea3223d68e8e44d',11,'{"name":"top-flow","note":"first bytes é ünïcode"}','active','alice','2026-11-30 12:00:01.75');
INSERT INTO model_version VALUES(2,1,2,'1631322fe2b6e9697f4a43fd025ba02a292df5638092220c5e16bfbd875c5fae',12,'{"name":"top-flow","note":"second bytes é ünïcode"}','active','alice','2026-11-30 12:00:04.75');
INSERT INTO model_version VALUES(3,1,3,'229ca36adfb991248a452f34186a55eea426aea5c2d310eefeb4bd202100fdda',11,'{"name":"top-flow","note":"third bytes é ünïcode"}','retired','alice','2026-11-30 12:00:07.75');
INSERT INTO model_version VALUES(4,4,1,'ec4713c3f9bcc660f2b033937673115e33a64af2a8b98d6a8a2ed8ba59d48dd5',22,'{"name":"Z-flow","note":"bytes of another model é ünïcode"}','active','alice','2026-11-30 12:00:09.25');
CREATE TABLE alias (
    model_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    version_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    CONSTRAINT pk_alias PRIMARY KEY (model_id, name),
    CONSTRAINT fk_alias_model_id FOREIGN KEY (model_id) REFERENCES model (id) ON DELETE RESTRICT,
    CONSTRAINT fk_alias_version_id FOREIGN KEY (version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
INSERT INTO alias VALUES(1,'production',2,4);
CREATE TABLE alias_event (
    id INTEGER NOT NULL CONSTRAINT pk_alias_event PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL,
    alias TEXT NOT NULL,
    from_version_id INTEGER NULL,
    to_version_id INTEGER NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL, grounds TEXT NULL,
    CONSTRAINT fk_alias_event_model_id FOREIGN KEY (model_id) REFERENCES model (id) ON DELETE RESTRICT,
    CONSTRAINT fk_alias_event_from_version_id FOREIGN KEY (from_version_id) REFERENCES model_version (id) ON DELETE RESTRICT,
    CONSTRAINT fk_alias_event_to_version_id FOREIGN KEY (to_version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
INSERT INTO alias_event VALUES(1,1,'production',NULL,1,'alice','added','2026-11-30 12:00:03.25','card');
INSERT INTO alias_event VALUES(2,1,'production',1,2,'alice','added','2026-11-30 12:00:06.25','card');
INSERT INTO alias_event VALUES(3,1,'candidate',NULL,3,'bob','to be tried','2026-11-30 12:00:10.75',NULL);
INSERT INTO alias_event VALUES(4,1,'production',2,3,'bob','an override','2026-11-30 12:00:12.25','override');
INSERT INTO alias_event VALUES(5,1,'production',3,2,'carol','was worse','2026-11-30 12:00:13.75','rollback');
INSERT INTO alias_event VALUES(6,1,'candidate',3,NULL,'bob','tried','2026-11-30 12:00:15.25',NULL);
CREATE TABLE validation_card (
    id INTEGER NOT NULL CONSTRAINT pk_validation_card PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    passed INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_validation_card_version_id FOREIGN KEY (version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
INSERT INTO validation_card VALUES(1,1,'{"passed":true}',1,'alice','2026-11-30 12:00:01.75');
INSERT INTO validation_card VALUES(2,2,'{"passed":true}',1,'alice','2026-11-30 12:00:04.75');
INSERT INTO validation_card VALUES(3,3,'{"passed":false}',0,'alice','2026-11-30 12:00:07.75');
CREATE TABLE artifact_chunk (
    sha256 TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    CONSTRAINT pk_artifact_chunk PRIMARY KEY (sha256, ordinal)
);
INSERT INTO artifact_chunk VALUES('d67e08ade6e823c063affb00fea95adabffa75cf1a660d8fcea3223d68e8e44d',0,X'6669727374206279746573');
INSERT INTO artifact_chunk VALUES('1631322fe2b6e9697f4a43fd025ba02a292df5638092220c5e16bfbd875c5fae',0,X'7365636f6e64206279746573');
INSERT INTO artifact_chunk VALUES('229ca36adfb991248a452f34186a55eea426aea5c2d310eefeb4bd202100fdda',0,X'7468697264206279746573');
INSERT INTO artifact_chunk VALUES('ec4713c3f9bcc660f2b033937673115e33a64af2a8b98d6a8a2ed8ba59d48dd5',0,X'6279746573206f6620616e6f74686572206d6f64656c');
CREATE TABLE version_event (
    id INTEGER NOT NULL CONSTRAINT pk_version_event PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT fk_version_event_version_id FOREIGN KEY (version_id) REFERENCES model_version (id) ON DELETE RESTRICT
);
INSERT INTO version_event VALUES(1,3,'retired','carol','not good enough','2026-11-30 12:00:16.75');
INSERT INTO version_event VALUES(2,1,'retired','carol','old','2026-11-30 12:00:18.25');
INSERT INTO version_event VALUES(3,1,'active','carol','not so old','2026-11-30 12:00:19.75');
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
INSERT INTO api_key VALUES(1,'analyst','4c6a64436f4b2c78e4db7198d745f397c0539a9d525200a8aca0915a1469b245','read generate',100000,4,'admin','2026-11-30 12:00:21.25','2199-12-31 23:59:59',NULL);
INSERT INTO api_key VALUES(2,'owner','42715b9c0bc4b367f87c12de68547b9234adcea9d8417b5d93053e3ce0734a2f','admin',NULL,NULL,'admin','2026-11-30 12:00:21.25',NULL,'2026-12-01 12:00:21.25');
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
    revision INTEGER NOT NULL, owner TEXT NOT NULL DEFAULT 'anonymous', request_id TEXT NULL, folder TEXT NULL, events_per_second REAL NOT NULL DEFAULT 0,
    CONSTRAINT fk_job_api_key_id FOREIGN KEY (api_key_id) REFERENCES api_key (id) ON DELETE RESTRICT
);
INSERT INTO job VALUES(1,'generate','{"n":1000}','done',1,NULL,NULL,1,1000,'{"parts":2}',NULL,'2026-11-30 12:00:21.25','2026-11-30 12:00:22.25','2026-11-30 12:00:23.25',5,'analyst','nightly','f1',0.0);
INSERT INTO job VALUES(2,'generate','{"n":10}','running',NULL,'machine/7','2026-11-30 12:00:21.373456',2,4,NULL,'The disk was full.','2026-11-30 12:00:21.25','2026-11-30 12:00:21.25',NULL,3,'anonymous',NULL,'f2',12.5);
CREATE TABLE golden_sample (
    sha256 TEXT NOT NULL,
    numerics TEXT NOT NULL,
    digest TEXT NOT NULL,
    service_version TEXT NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT pk_golden_sample PRIMARY KEY (sha256, numerics)
);
INSERT INTO golden_sample VALUES('cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','cpu-fp32-v2','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','0.1.0','2026-11-30 12:00:21.25');
CREATE TABLE job_part (
    job_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    CONSTRAINT pk_job_part PRIMARY KEY (job_id, number),
    CONSTRAINT fk_job_part_job_id FOREIGN KEY (job_id) REFERENCES job (id) ON DELETE RESTRICT
);
INSERT INTO job_part VALUES(1,0,1234,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO job_part VALUES(1,1,5000000000,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('model',4);
INSERT INTO sqlite_sequence VALUES('model_version',4);
INSERT INTO sqlite_sequence VALUES('validation_card',3);
INSERT INTO sqlite_sequence VALUES('alias_event',6);
INSERT INTO sqlite_sequence VALUES('version_event',3);
INSERT INTO sqlite_sequence VALUES('api_key',2);
INSERT INTO sqlite_sequence VALUES('job',2);
CREATE UNIQUE INDEX ix_model_name ON model (name);
CREATE INDEX ix_model_process ON model (process);
CREATE UNIQUE INDEX ix_model_version_model_id_number ON model_version (model_id, number);
CREATE UNIQUE INDEX ix_model_version_model_id_sha256 ON model_version (model_id, sha256);
CREATE INDEX ix_model_version_sha256 ON model_version (sha256);
CREATE INDEX ix_alias_version_id ON alias (version_id);
CREATE INDEX ix_alias_event_model_id_alias_at ON alias_event (model_id, alias, at);
CREATE INDEX ix_alias_event_from_version_id ON alias_event (from_version_id);
CREATE INDEX ix_alias_event_to_version_id ON alias_event (to_version_id);
CREATE INDEX ix_validation_card_version_id ON validation_card (version_id);
CREATE INDEX ix_version_event_version_id ON version_event (version_id);
CREATE UNIQUE INDEX ix_api_key_hash ON api_key (hash);
CREATE INDEX ix_api_key_name ON api_key (name);
CREATE INDEX ix_job_state_id ON job (state, id);
CREATE INDEX ix_job_api_key_id ON job (api_key_id);
CREATE UNIQUE INDEX ix_job_owner_request_id ON job (owner, request_id);
CREATE INDEX ix_job_owner_id ON job (owner, id);
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
CREATE TRIGGER artifact_chunk_unchanged BEFORE UPDATE ON artifact_chunk
BEGIN SELECT RAISE(ABORT, 'Rows of artifact_chunk are added, never changed.'); END;
CREATE TRIGGER artifact_chunk_kept BEFORE DELETE ON artifact_chunk
    WHEN EXISTS (SELECT 1 FROM model_version WHERE sha256 = OLD.sha256)
BEGIN SELECT RAISE(ABORT, 'The bytes of a version are not deleted.'); END;
CREATE TRIGGER golden_sample_unchanged BEFORE UPDATE ON golden_sample
BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
CREATE TRIGGER golden_sample_kept BEFORE DELETE ON golden_sample
BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
CREATE TRIGGER golden_sample_not_replaced BEFORE INSERT ON golden_sample
    WHEN EXISTS (SELECT 1 FROM golden_sample WHERE sha256 = NEW.sha256 AND numerics = NEW.numerics)
BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
COMMIT;
