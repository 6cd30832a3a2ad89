PRAGMA journal_mode = WAL;
BEGIN TRANSACTION;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
INSERT INTO "messages" VALUES(1,'5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d01','user','My name is Ada.','2026-01-01T00:00:00.000Z');
INSERT INTO "messages" VALUES(2,'5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d01','assistant','Hello, Ada.','2026-01-01T00:00:01.000Z');
INSERT INTO "messages" VALUES(3,'5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d01','user','What is my name?','2026-01-02T00:00:00.000Z');
INSERT INTO "messages" VALUES(4,'5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d01','assistant','Ada.','2026-01-02T00:00:01.000Z');
INSERT INTO "messages" VALUES(5,'5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d03','user','My name is Ada.','2026-01-01T00:00:00.000Z');
INSERT INTO "messages" VALUES(6,'5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d03','assistant','Hello, Ada.','2026-01-01T00:00:01.000Z');
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO "sessions" VALUES('5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d01','2026-11-21T11:26:20.697Z',1);
INSERT INTO "sessions" VALUES('5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d02','2026-11-21T11:26:20.698Z',1);
INSERT INTO "sessions" VALUES('5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d03','2026-11-21T11:26:20.698Z',0);
CREATE INDEX messages_of_session ON messages (session_id, id);
COMMIT;
PRAGMA user_version = 1;
