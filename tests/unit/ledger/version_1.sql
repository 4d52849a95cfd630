-- A ledger as schema version 1 left it. Never edited: later versions must open it.
BEGIN TRANSACTION;
CREATE TABLE counters (
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "counters" VALUES('revision',3);
INSERT INTO "counters" VALUES('patterns',1);
CREATE TABLE documents (
	source TEXT NOT NULL, 
	document TEXT NOT NULL, 
	digest TEXT, 
	learned_at DATETIME NOT NULL, 
	PRIMARY KEY (source, document)
);
INSERT INTO "documents" VALUES('starter','numpy.md','d1','2026-10-12 12:00:00.000000');
CREATE TABLE incidents (
	id TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	incident JSON NOT NULL, 
	count INTEGER NOT NULL, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	source TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	issue_key TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (fingerprint)
);
INSERT INTO "incidents" VALUES('01234567','0123456789abcdef0123456789abcdef','{"fingerprint": "0123456789abcdef0123456789abcdef", "span": {"first": 3, "last": 9, "score": 0.5, "reason": "a traceback", "kind": "python-traceback", "key": 9}, "message": "no attribute ''float''", "template": "no attribute <s>", "error_type": "AttributeError", "language": "python", "tool": null, "frames": [], "versions": {}, "excerpt": []}',2,'2026-10-12 12:00:00.000000','2026-10-12 12:00:00.000000','build.log','known','starter/np-float');
CREATE TABLE issues (
	"key" TEXT NOT NULL, 
	source TEXT NOT NULL, 
	id TEXT NOT NULL, 
	document TEXT NOT NULL, 
	contenders JSON NOT NULL, 
	title TEXT NOT NULL, 
	symptoms JSON NOT NULL, 
	cause TEXT NOT NULL, 
	fix TEXT NOT NULL, 
	commands JSON NOT NULL, 
	applies_to JSON NOT NULL, 
	urls JSON NOT NULL, 
	language TEXT NOT NULL, 
	package TEXT NOT NULL, 
	text TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	learned_at DATETIME NOT NULL, 
	revision BIGINT NOT NULL, 
	PRIMARY KEY ("key"), 
	CONSTRAINT uq_issues_source_id UNIQUE (source, id)
);
INSERT INTO "issues" VALUES('starter/np-float','starter','np-float','numpy.md','[]','np.float is gone','["no attribute ''{name}''"]','Removed','Use float','[]','{"numpy": ">=1.24"}','["https://numpy.org"]','','','','c99d19f5799378be7760714fca408714a087311e5c01f01f88b3c66523f1a41a','2026-10-12 12:00:00.000000',1);
CREATE TABLE ledger_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT ledger_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "ledger_version" VALUES('0001');
CREATE TABLE outcomes (
	number INTEGER NOT NULL, 
	incident_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	issue_key TEXT, 
	fix TEXT, 
	fixed_by TEXT, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (number), 
	FOREIGN KEY(incident_id) REFERENCES incidents (id) ON DELETE CASCADE
);
INSERT INTO "outcomes" VALUES(1,'01234567','confirmed','starter/np-float',NULL,'np.float is gone','2026-10-12 12:00:00.000000');
CREATE TABLE sightings (
	number INTEGER NOT NULL, 
	incident_id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	verdict TEXT NOT NULL, 
	issue_key TEXT, 
	PRIMARY KEY (number), 
	FOREIGN KEY(incident_id) REFERENCES incidents (id) ON DELETE CASCADE
);
INSERT INTO "sightings" VALUES(1,'01234567','build.log','2026-10-12 12:00:00.000000','known','starter/np-float');
INSERT INTO "sightings" VALUES(2,'01234567','build.log','2026-10-12 12:00:00.000000','known','starter/np-float');
CREATE TABLE standings (
	"key" TEXT NOT NULL, 
	helped INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "standings" VALUES('starter/np-float',1,0);
CREATE TABLE state (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "state" VALUES('watermark','3');
CREATE TABLE symptoms (
	"key" TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	symptom TEXT NOT NULL, 
	PRIMARY KEY ("key", position), 
	FOREIGN KEY("key") REFERENCES issues ("key") ON DELETE CASCADE
);
INSERT INTO "symptoms" VALUES('starter/np-float',0,'starter','no attribute ''{name}''');
CREATE TABLE tombstones (
	"key" TEXT NOT NULL, 
	revision BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "tombstones" VALUES('starter/gone',3);
CREATE INDEX ix_issues_source_document ON issues (source, document);
CREATE INDEX ix_issues_id ON issues (id);
CREATE UNIQUE INDEX ix_issues_revision ON issues (revision);
CREATE UNIQUE INDEX ix_tombstones_revision ON tombstones (revision);
CREATE INDEX ix_sightings_incident_id ON sightings (incident_id, at);
CREATE INDEX ix_outcomes_incident_id ON outcomes (incident_id);
COMMIT;
