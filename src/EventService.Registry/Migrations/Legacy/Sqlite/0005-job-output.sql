-- Whose a job is, what makes its submission safe to repeat, where its files are, and the parts that are finished.

ALTER TABLE job ADD COLUMN owner TEXT NOT NULL DEFAULT 'anonymous';
ALTER TABLE job ADD COLUMN request_id TEXT NULL;
ALTER TABLE job ADD COLUMN folder TEXT NULL;
ALTER TABLE job ADD COLUMN events_per_second REAL NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX ix_job_owner_request_id ON job (owner, request_id);
CREATE INDEX ix_job_owner_id ON job (owner, id);

CREATE TABLE job_part (
    job_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    CONSTRAINT pk_job_part PRIMARY KEY (job_id, number),
    CONSTRAINT fk_job_part_job_id FOREIGN KEY (job_id) REFERENCES job (id) ON DELETE RESTRICT
);
