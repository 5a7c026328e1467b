CREATE TABLE feedmill_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT feedmill_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE counter (
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_counter PRIMARY KEY (name)
);

CREATE TABLE feed (
	slug TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	active BOOLEAN NOT NULL, 
	cursor BIGINT NOT NULL, 
	members BLOB NOT NULL, 
	seq BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	rendered BLOB NOT NULL, 
	rendered_seq BIGINT NOT NULL, sealed INTEGER DEFAULT 0 NOT NULL, named TEXT DEFAULT '' NOT NULL, private BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_feed PRIMARY KEY (slug)
);

CREATE TABLE host (
	name TEXT NOT NULL, 
	wake BIGINT, 
	next_allowed BIGINT NOT NULL, 
	CONSTRAINT pk_host PRIMARY KEY (name)
);

CREATE INDEX ix_host_wake ON host (wake);

CREATE TABLE source (
	id INTEGER NOT NULL, 
	url TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	name TEXT, 
	categories BLOB NOT NULL, 
	public BOOLEAN NOT NULL, 
	paused BOOLEAN NOT NULL, 
	active BOOLEAN NOT NULL, 
	fetch_url TEXT NOT NULL, 
	host TEXT NOT NULL, 
	validators BLOB, 
	body_digest BLOB, 
	hints BLOB NOT NULL, 
	title TEXT, 
	link TEXT, 
	hub TEXT, 
	self_link TEXT, 
	first_polled_at BIGINT, 
	last_polled_at BIGINT, 
	last_success_at BIGINT, 
	last_new_at BIGINT, 
	next_due BIGINT, 
	reason TEXT NOT NULL, 
	not_before BIGINT, 
	failures INTEGER NOT NULL, 
	failing_since BIGINT, 
	error_kind TEXT, 
	error TEXT, 
	error_at BIGINT, 
	error_count INTEGER NOT NULL, 
	gone_seen BOOLEAN NOT NULL, 
	retired BOOLEAN NOT NULL, 
	article_count INTEGER NOT NULL, 
	polls BIGINT NOT NULL, 
	claim_no BIGINT NOT NULL, 
	claim_until BIGINT, 
	forced BOOLEAN NOT NULL, 
	wake BIGINT, every FLOAT, fresh_until BIGINT, rhythm BLOB, move BLOB, refused_move TEXT, push_until BIGINT, held INTEGER DEFAULT 0 NOT NULL, gap_since BIGINT, gap_url TEXT, gap_pages INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_source PRIMARY KEY (id), 
	CONSTRAINT uq_source_url UNIQUE (url)
);

CREATE INDEX ix_source_claimed ON source (host, claim_until) WHERE claim_until IS NOT NULL;

CREATE INDEX ix_source_fetch_url ON source (fetch_url);

CREATE INDEX ix_source_host_wake ON source (host, wake);

CREATE TABLE story (
	id INTEGER NOT NULL, 
	lead_id INTEGER NOT NULL, 
	published_id TEXT NOT NULL, 
	change BIGINT NOT NULL, 
	published BIGINT NOT NULL, 
	updated BIGINT NOT NULL, best_id INTEGER DEFAULT 0 NOT NULL, opened BOOLEAN DEFAULT 0 NOT NULL, twin_id INTEGER, gone TEXT, first_seen BIGINT DEFAULT 0 NOT NULL, backlog INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_story PRIMARY KEY (id), 
	CONSTRAINT uq_story_published_id UNIQUE (published_id)
);

CREATE UNIQUE INDEX ix_story_change ON story (change);

CREATE INDEX ix_story_published ON story (published);

CREATE TABLE article (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	source_id INTEGER NOT NULL, 
	entry BLOB NOT NULL, 
	key_set BLOB NOT NULL, 
	content_digest BLOB NOT NULL, 
	published BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	first_seen BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	story_id INTEGER, 
	linked BOOLEAN NOT NULL, 
	ranked BIGINT, words INTEGER DEFAULT 0 NOT NULL, standing INTEGER DEFAULT 0 NOT NULL, backlog INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT fk_article_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);

CREATE INDEX ix_article_source_id_ranked ON article (source_id, ranked);

CREATE INDEX ix_article_story_id ON article (story_id);

CREATE INDEX ix_article_unlinked ON article (id) WHERE NOT linked;

CREATE TABLE feed_log (
	slug TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	story_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, article_id INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_feed_log PRIMARY KEY (slug, seq), 
	CONSTRAINT fk_feed_log_slug FOREIGN KEY(slug) REFERENCES feed (slug)
)
 WITHOUT ROWID

;

CREATE TABLE identity (
	"key" BLOB NOT NULL, 
	source_id INTEGER NOT NULL, 
	article_id INTEGER NOT NULL, 
	kind INTEGER NOT NULL, 
	shared BOOLEAN NOT NULL, 
	CONSTRAINT pk_identity PRIMARY KEY ("key", source_id, article_id), 
	CONSTRAINT fk_identity_source_id FOREIGN KEY(source_id) REFERENCES source (id)
)
 WITHOUT ROWID

;

CREATE TABLE placement (
	slug TEXT NOT NULL, 
	story_id INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	entered_at BIGINT NOT NULL, article_id INTEGER DEFAULT 0 NOT NULL, event INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_placement PRIMARY KEY (slug, story_id), 
	CONSTRAINT fk_placement_slug FOREIGN KEY(slug) REFERENCES feed (slug)
)
 WITHOUT ROWID

;

CREATE INDEX ix_placement_slug_seq ON placement (slug, seq);

CREATE INDEX ix_source_hub ON source (id) WHERE hub IS NOT NULL;

CREATE INDEX ix_source_push_until ON source (push_until) WHERE push_until IS NOT NULL;

CREATE TABLE poll (
	source_id INTEGER NOT NULL, 
	slot INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	status INTEGER, 
	duration FLOAT NOT NULL, 
	bytes_received BIGINT NOT NULL, 
	sent BLOB, 
	got BLOB, 
	hops TEXT DEFAULT '' NOT NULL, 
	new INTEGER NOT NULL, 
	changed INTEGER NOT NULL, 
	error_kind TEXT, 
	error TEXT, 
	CONSTRAINT pk_poll PRIMARY KEY (source_id, slot), 
	CONSTRAINT fk_poll_source_id FOREIGN KEY(source_id) REFERENCES source (id)
)
 WITHOUT ROWID

;

CREATE TABLE address_change (
	id INTEGER NOT NULL, 
	source_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	why TEXT NOT NULL, guessed BOOLEAN DEFAULT 0 NOT NULL, secret BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_address_change PRIMARY KEY (id), 
	CONSTRAINT fk_address_change_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);

CREATE INDEX ix_address_change_source_id ON address_change (source_id);

CREATE TABLE errand (
	id INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	until BIGINT NOT NULL, 
	CONSTRAINT pk_errand PRIMARY KEY (id)
);

CREATE INDEX ix_errand_host_until ON errand (host, until);

CREATE TABLE subscription (
	source_id INTEGER NOT NULL, 
	base TEXT NOT NULL, 
	token TEXT NOT NULL, 
	secret TEXT NOT NULL, 
	hub TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	state TEXT NOT NULL, 
	asked_at BIGINT, 
	verified_at BIGINT, 
	lease_until BIGINT, 
	next_at BIGINT, 
	tries INTEGER NOT NULL, 
	error TEXT, 
	recent BLOB NOT NULL, 
	CONSTRAINT pk_subscription PRIMARY KEY (source_id), 
	CONSTRAINT fk_subscription_source_id FOREIGN KEY(source_id) REFERENCES source (id), 
	CONSTRAINT uq_subscription_token UNIQUE (token)
);

CREATE INDEX ix_subscription_next_at ON subscription (next_at);

CREATE INDEX ix_subscription_hub ON subscription (hub);

CREATE TABLE delivery (
	id INTEGER NOT NULL, 
	source_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	content_type TEXT, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (id), 
	CONSTRAINT fk_delivery_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);

CREATE INDEX ix_delivery_source_id ON delivery (source_id);

CREATE TABLE seen (
	source_id INTEGER NOT NULL, 
	packed BLOB NOT NULL, 
	CONSTRAINT pk_seen PRIMARY KEY (source_id), 
	CONSTRAINT fk_seen_source_id FOREIGN KEY(source_id) REFERENCES source (id)
);

CREATE INDEX ix_article_published_source_id ON article (published, source_id);

CREATE INDEX ix_article_removed ON article (id) WHERE standing = 2;

CREATE INDEX ix_source_gap ON source (id) WHERE gap_url IS NOT NULL;

CREATE TABLE trace (
	"key" BIGINT NOT NULL, 
	article_id INTEGER NOT NULL, 
	source_id INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	CONSTRAINT pk_trace PRIMARY KEY ("key", article_id)
)
 WITHOUT ROWID

;

CREATE TABLE traced (
	article_id INTEGER NOT NULL, 
	until BIGINT NOT NULL, 
	packed BLOB NOT NULL, 
	CONSTRAINT pk_traced PRIMARY KEY (article_id)
);

CREATE INDEX ix_traced_until ON traced (until);

CREATE TABLE edge (
	low INTEGER NOT NULL, 
	high INTEGER NOT NULL, 
	tie TEXT NOT NULL, 
	contained FLOAT NOT NULL, 
	common INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_edge PRIMARY KEY (low, high)
)
 WITHOUT ROWID

;

CREATE INDEX ix_edge_high ON edge (high);

CREATE TABLE ruling (
	low INTEGER NOT NULL, 
	high INTEGER NOT NULL, 
	together BOOLEAN NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_ruling PRIMARY KEY (low, high)
)
 WITHOUT ROWID

;

CREATE INDEX ix_ruling_high ON ruling (high);

CREATE TABLE revision (
	article_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	entry BLOB NOT NULL, 
	CONSTRAINT pk_revision PRIMARY KEY (article_id, number)
)
 WITHOUT ROWID

;

CREATE TABLE rebinding (
	id INTEGER NOT NULL, 
	article_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	rule TEXT NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	CONSTRAINT pk_rebinding PRIMARY KEY (id)
);

CREATE INDEX ix_rebinding_article_id ON rebinding (article_id);

CREATE TABLE barred (
	"key" BLOB NOT NULL, 
	text TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_barred PRIMARY KEY ("key")
);

CREATE TABLE feed_move (
	old TEXT NOT NULL, 
	new TEXT NOT NULL, 
	CONSTRAINT pk_feed_move PRIMARY KEY (old)
);

CREATE INDEX ix_placement_slug_event ON placement (slug, event);

CREATE INDEX ix_feed_log_story_id ON feed_log (story_id);

CREATE INDEX ix_feed_log_takedown ON feed_log (slug, seq) WHERE kind = 'takedown';

CREATE TABLE archive (
	slug TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	packed BLOB NOT NULL, 
	media_type TEXT NOT NULL, 
	modified BIGINT NOT NULL, 
	CONSTRAINT pk_archive PRIMARY KEY (slug, number, name), 
	CONSTRAINT fk_archive_slug_feed FOREIGN KEY(slug) REFERENCES feed (slug)
);

CREATE TABLE quarantine (
	article_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	fault TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_quarantine PRIMARY KEY (article_id)
);

CREATE TABLE token (
	digest BLOB NOT NULL, 
	feed TEXT, 
	label TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	revoked_at BIGINT, 
	CONSTRAINT pk_token PRIMARY KEY (digest)
);

CREATE TABLE subscriber (
	id INTEGER NOT NULL, 
	topic TEXT NOT NULL, 
	callback TEXT NOT NULL, 
	ping BOOLEAN NOT NULL, 
	secret TEXT, 
	asked BLOB, 
	lease_until BIGINT, 
	delivered TEXT DEFAULT '' NOT NULL, 
	next_at BIGINT, 
	tries INTEGER DEFAULT 0 NOT NULL, 
	error TEXT, 
	CONSTRAINT pk_subscriber PRIMARY KEY (id), 
	CONSTRAINT uq_subscriber_topic_callback UNIQUE (topic, callback)
);

CREATE INDEX ix_subscriber_next_at ON subscriber (next_at);

CREATE TABLE reader (
	slug TEXT NOT NULL, 
	day INTEGER NOT NULL, 
	agent TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_reader PRIMARY KEY (slug, day, agent)
);

CREATE VIRTUAL TABLE story_text USING fts5(title, body, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');

CREATE TABLE note (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_note PRIMARY KEY (name)
);

CREATE TABLE login (
	digest BLOB NOT NULL, 
	name TEXT NOT NULL, 
	password BLOB NOT NULL, 
	used_at BIGINT NOT NULL, 
	CONSTRAINT pk_login PRIMARY KEY (digest)
);

CREATE TABLE happening (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	text TEXT NOT NULL, 
	over_at BIGINT, 
	told BOOLEAN NOT NULL
);

CREATE TABLE tally (
	hour INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_tally PRIMARY KEY (hour, name)
);

INSERT INTO feedmill_version VALUES ('0009');

INSERT INTO counter VALUES ('story', 0);

