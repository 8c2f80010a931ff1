-- What the notifier knows. Times are milliseconds since 1970, UTC; NULL means "not yet" or "unknown".
-- The outbox (0001) holds the deliveries: kind 'announcement', batch = announcement.id, reader = subscriber.id.

-- One incident, one page, one URL for the life of the platform.
--   reserved -> confirmed -> ended -> published -> corrected          withdrawn from any state before published
CREATE TABLE incident (
    id                 TEXT   NOT NULL PRIMARY KEY,          -- last segment of the URL: <date>-<slug>
    url                TEXT   NOT NULL UNIQUE,
    title              TEXT   NOT NULL DEFAULT '',
    summary            TEXT   NOT NULL DEFAULT '',           -- the page's Summary section as plain text
    type               TEXT   NOT NULL DEFAULT 'outage' CHECK (type IN ('security', 'outage', 'degradation')),
    services           TEXT   NOT NULL DEFAULT '',           -- names as the page writes them, ';' between
    start_at           BIGINT,
    end_at             BIGINT,
    status             TEXT   NOT NULL CHECK (status IN ('reserved', 'confirmed', 'ended', 'published', 'corrected', 'withdrawn')),
    revealed           BIGINT NOT NULL DEFAULT 1,            -- 0: a security reservation that is in no public file yet
    confirmed_at       BIGINT,
    published_at       BIGINT,                               -- when we first saw it published: pubDate in the feed
    before_us          BIGINT NOT NULL DEFAULT 0,            -- 1: it was out before our first look; announced to nobody
    withdrawn_because  TEXT   NOT NULL DEFAULT '',
    created_at         BIGINT NOT NULL,
    changed_at         BIGINT NOT NULL
);

-- Corrections and finished follow-ups that a page has appended.
CREATE TABLE correction (
    incident_id  TEXT   NOT NULL REFERENCES incident (id),
    number       BIGINT NOT NULL,                            -- from 1
    at           BIGINT NOT NULL,
    PRIMARY KEY (incident_id, number)
);

-- Every version of a page's article that was seen, in order; never changed, never deleted.
CREATE TABLE page_version (
    seq         BIGSERIAL_KEY,
    id          TEXT   NOT NULL UNIQUE,
    url         TEXT   NOT NULL,
    fetched_at  BIGINT NOT NULL,
    digest      TEXT   NOT NULL,                             -- SHA-256 of article, hex
    previous    TEXT   NOT NULL DEFAULT '',                  -- digest of the row before of this url; '' for the first
    article     TEXT   NOT NULL
);
CREATE INDEX page_version_url ON page_version (url, seq);

--   asked -> confirmed -> left          suppressed: bounces or a person said never again
CREATE TABLE subscriber (
    id                TEXT   NOT NULL PRIMARY KEY,           -- random; the name used in logs and deliveries
    token_id          TEXT   NOT NULL UNIQUE,                -- what this reader's tokens carry, hex of 10 bytes
    address           TEXT   NOT NULL UNIQUE,                -- as strict_address gives it
    state             TEXT   NOT NULL CHECK (state IN ('asked', 'confirmed', 'left', 'suppressed')),
    all_services      BIGINT NOT NULL DEFAULT 1,             -- 0: only those in subscriber_service
    wants_corrections BIGINT NOT NULL DEFAULT 0,
    wants_follow_ups  BIGINT NOT NULL DEFAULT 0,
    consent_text      TEXT   NOT NULL DEFAULT '',
    consent_at        BIGINT,
    consent_source    TEXT   NOT NULL DEFAULT '',            -- import, command, portal, page
    confirmed_at      BIGINT,
    left_at           BIGINT,
    created_at        BIGINT NOT NULL,
    changed_at        BIGINT NOT NULL
);
CREATE INDEX subscriber_state ON subscriber (state, id);

CREATE TABLE subscriber_service (
    subscriber_id  TEXT NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
    service        TEXT NOT NULL,                            -- folded name, see subscriber.h
    PRIMARY KEY (subscriber_id, service)
);

-- Mails that ask an address to confirm. The token stands in the mail alone; it is made from the id and the keyring.
CREATE TABLE confirmation (
    id             TEXT   NOT NULL PRIMARY KEY,              -- random; the reference of its outbox row
    token_digest   TEXT   NOT NULL UNIQUE,                   -- SHA-256 of the token, hex
    subscriber_id  TEXT   NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
    spent          BIGINT NOT NULL DEFAULT 0,                -- 1: used, or a later one took its place
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX confirmation_subscriber ON confirmation (subscriber_id, created_at);
CREATE INDEX confirmation_created ON confirmation (created_at);

-- How often something was asked of the pages: subscribe.
CREATE TABLE counter (
    name   TEXT   NOT NULL PRIMARY KEY,
    value  BIGINT NOT NULL
);

-- Addresses that must never be written to again, without the addresses.
CREATE TABLE suppression (
    address_digest  TEXT   NOT NULL PRIMARY KEY,             -- keyed hash of the strict address
    reason          TEXT   NOT NULL,
    at              BIGINT NOT NULL
);

-- The words of a mail as they stood when an announcement was made.
CREATE TABLE template_version (
    digest  TEXT NOT NULL PRIMARY KEY,                       -- SHA-256 of text, hex
    text    TEXT NOT NULL
);

--   holding -> sending -> finished          held: staff are asked first;  cancelled from held, holding and sending
CREATE TABLE announcement (
    id             TEXT   NOT NULL PRIMARY KEY,
    url            TEXT   NOT NULL,
    incident_id    TEXT   NOT NULL REFERENCES incident (id),
    kind           TEXT   NOT NULL CHECK (kind IN ('post_mortem', 'correction', 'follow_up')),
    number         BIGINT NOT NULL,                          -- from 1, counted by kind
    state          TEXT   NOT NULL CHECK (state IN ('held', 'holding', 'sending', 'finished', 'cancelled')),
    held_because   TEXT   NOT NULL DEFAULT '',               -- several_new, old_page
    hold_until     BIGINT NOT NULL,
    recipients     BIGINT NOT NULL,                          -- deliveries frozen with this row; never changes
    title          TEXT   NOT NULL,                          -- what the mail says, frozen
    summary        TEXT   NOT NULL,
    type           TEXT   NOT NULL,
    services       TEXT   NOT NULL,
    start_at       BIGINT,
    end_at         BIGINT,
    text_template  TEXT   NOT NULL REFERENCES template_version (digest),
    html_template  TEXT   NOT NULL REFERENCES template_version (digest),
    created_at     BIGINT NOT NULL,                          -- the Date of its mails
    created_by     TEXT   NOT NULL,                          -- staff address, or 'site'
    finished_at    BIGINT,
    UNIQUE (url, kind, number)
);
CREATE INDEX announcement_open ON announcement (state) WHERE state IN ('held', 'holding', 'sending');

CREATE TABLE announcement_service (
    announcement_id  TEXT NOT NULL REFERENCES announcement (id),
    service          TEXT NOT NULL,                          -- folded name
    PRIMARY KEY (announcement_id, service)
);

-- Single facts: key_check, first_look, last_look.
CREATE TABLE meta (
    key    TEXT NOT NULL PRIMARY KEY,
    value  TEXT NOT NULL
);
