-- On what grounds an alias may mean its version: a passing card, a recorded override, or an earlier stay (rollback).
-- Null for aliases without a gate, for removals, and for moves that were made before this script.

ALTER TABLE alias_event ADD COLUMN grounds TEXT NULL;
