"""initial"""

import sqlalchemy as sa
from alembic import op

revision = "0001_b741ffa9"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "answered",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "answer",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered")),
        sa.UniqueConstraint("actor", "route", "key", name=op.f("uq_answered_actor_route_key")),
    )
    with op.batch_alter_table("answered", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answered_at"), ["at"], unique=False)

    op.create_table(
        "beat",
        sa.Column("job", sa.String(length=24), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_beat")),
    )
    op.create_table(
        "bounced_address",
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_bounced_address")),
    )
    op.create_table(
        "concept",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("vocabulary", sa.String(length=40), nullable=False),
        sa.Column("family", sa.String(length=80), nullable=True),
        sa.Column("broader_id", sa.String(length=80), nullable=True),
        sa.Column(
            "labels",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concept")),
    )
    with op.batch_alter_table("concept", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_concept_family"), ["family"], unique=False)
        batch_op.create_index(batch_op.f("ix_concept_vocabulary"), ["vocabulary"], unique=False)

    op.create_table(
        "family",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("vocabulary", sa.String(length=40), nullable=False),
        sa.Column(
            "labels",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family")),
    )
    op.create_table(
        "lieu",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=240), nullable=False),
        sa.Column("postcode", sa.String(length=12), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("website", sa.String(length=240), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("seats", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy", sa.String(length=12), nullable=False),
        sa.Column("siret", sa.String(length=14), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.Column("source_id", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_lieu_counts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lieu")),
        sa.UniqueConstraint("slug", name=op.f("uq_lieu_slug")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_lieu_source_source_id")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("address", sa.String(length=240), nullable=False),
        sa.Column("postcode", sa.String(length=12), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("siret", sa.String(length=14), nullable=False),
        sa.Column("vat_number", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_organisation_public_id")),
    )
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "what IN ('register', 'sign-in')", name=op.f("ck_passkey_challenge_what")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint(
            "browser_hash", "what", name=op.f("uq_passkey_challenge_browser_hash_what")
        ),
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("provider", sa.String(length=12), nullable=False),
        sa.Column("cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.String(length=120), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "paid_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("receipt", sa.String(length=120), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(paid_at IS NULL) = (paid_cents = 0)", name=op.f("ck_payment_paid")),
        sa.CheckConstraint("cents > 0 AND paid_cents >= 0", name=op.f("ck_payment_money")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("provider", "session_id", name=op.f("uq_payment_provider_session_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payment_public_id")),
    )
    op.create_table(
        "payment_event",
        sa.Column("provider", sa.String(length=12), nullable=False),
        sa.Column("event_id", sa.String(length=160), nullable=False),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_payment_event")),
    )
    op.create_table(
        "setup_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_setup_token_token_hash")),
    )
    op.create_table(
        "signin_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_signin_code_tries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signin_code")),
    )
    with op.batch_alter_table("signin_code", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_signin_code_browser_hash"), ["browser_hash"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_signin_code_email"), ["email"], unique=False)

    op.create_table(
        "tries",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("window_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_at", name=op.f("pk_tries")),
    )
    op.create_table(
        "booking_series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_booking_series_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_series")),
        sa.UniqueConstraint("public_id", name=op.f("uq_booking_series_public_id")),
    )
    with op.batch_alter_table("booking_series", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_booking_series_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "concept_name",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("concept_id", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["concept_id"],
            ["concept.id"],
            name=op.f("fk_concept_name_concept_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concept_name")),
        sa.UniqueConstraint(
            "words",
            "language",
            "concept_id",
            name=op.f("uq_concept_name_words_language_concept_id"),
        ),
    )
    op.create_table(
        "concept_place",
        sa.Column("concept_id", sa.String(length=80), nullable=False),
        sa.Column("x", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("y", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["concept_id"],
            ["concept.id"],
            name=op.f("fk_concept_place_concept_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("concept_id", name=op.f("pk_concept_place")),
    )
    op.create_table(
        "declaration",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column(
            "skills",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("need", sa.String(length=240), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("here_today", sa.Boolean(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("other_lieux", sa.Boolean(), nullable=False),
        sa.Column("how_in", sa.String(length=12), nullable=False),
        sa.Column(
            "meanings",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_declaration_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration")),
        sa.UniqueConstraint("browser_hash", name=op.f("uq_declaration_browser_hash")),
        sa.UniqueConstraint("public_id", name=op.f("uq_declaration_public_id")),
    )
    with op.batch_alter_table("declaration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_declaration_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_declaration_lieu_id"), ["lieu_id"], unique=False)

    op.create_table(
        "invoice_counter",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "year",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("last", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last >= 1", name=op.f("ck_invoice_counter_last")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_invoice_counter_lieu_id")),
        sa.PrimaryKeyConstraint("lieu_id", "year", name=op.f("pk_invoice_counter")),
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job", sa.String(length=24), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "counts",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_job_run_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint(
            "job", "lieu_id", "local_date", name=op.f("uq_job_run_job_lieu_id_local_date")
        ),
    )
    op.create_table(
        "kiosk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("pairing_hash", sa.String(length=64), nullable=True),
        sa.Column("pairing_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("device_key", sa.String(length=88), nullable=False),
        sa.Column("paired_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_kiosk_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kiosk")),
        sa.UniqueConstraint("pairing_hash", name=op.f("uq_kiosk_pairing_hash")),
        sa.UniqueConstraint("public_id", name=op.f("uq_kiosk_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_kiosk_token_hash")),
    )
    with op.batch_alter_table("kiosk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kiosk_lieu_id"), ["lieu_id"], unique=False)

    op.create_table(
        "member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column(
            "languages",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column(
            "home_lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("email_confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column(
            "session_epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.Column("source_id", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "(email IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_member_erased_has_no_email")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_member_email_lower")),
        sa.ForeignKeyConstraint(["home_lieu_id"], ["lieu.id"], name=op.f("fk_member_home_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("email", name=op.f("uq_member_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_member_public_id")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_home_lieu_id"), ["home_lieu_id"], unique=False)

    op.create_table(
        "moment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weekday", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ends", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "0 <= starts AND starts < ends AND ends <= 1440", name=op.f("ck_moment_minutes")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_moment_weekday")),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_moment_lieu_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moment")),
        sa.UniqueConstraint(
            "lieu_id", "weekday", "starts", name=op.f("uq_moment_lieu_id_weekday_starts")
        ),
    )
    with op.batch_alter_table("moment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_moment_lieu_id"), ["lieu_id"], unique=False)

    op.create_table(
        "opening",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weekday", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opens", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "0 <= opens AND opens < closes AND closes <= 1440", name=op.f("ck_opening_minutes")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_weekday")),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_opening_lieu_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening")),
        sa.UniqueConstraint(
            "lieu_id", "weekday", "opens", name=op.f("uq_opening_lieu_id_weekday_opens")
        ),
    )
    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_opening_lieu_id"), ["lieu_id"], unique=False)

    op.create_table(
        "poster",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number > 1", name=op.f("ck_poster_number")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_poster_lieu_id")),
        sa.PrimaryKeyConstraint("lieu_id", name=op.f("pk_poster")),
    )
    op.create_table(
        "presence_count",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("hour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_presence_count_hour")),
        sa.CheckConstraint("people > 0", name=op.f("ck_presence_count_people")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_presence_count_lieu_id")),
        sa.PrimaryKeyConstraint("lieu_id", "local_date", "hour", name=op.f("pk_presence_count")),
    )
    op.create_table(
        "resident",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_resident_lieu_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_resident_organisation_id")
        ),
        sa.PrimaryKeyConstraint("lieu_id", "organisation_id", name=op.f("pk_resident")),
    )
    op.create_table(
        "room",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.String(length=400), nullable=False),
        sa.Column("shape", sa.String(length=12), nullable=False),
        sa.Column("capacity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step_free", sa.Boolean(), nullable=False),
        sa.Column("access", sa.String(length=160), nullable=False),
        sa.Column(
            "hour_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "half_day_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "day_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "vat_points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "buffer_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "notice_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("needs_yes", sa.Boolean(), nullable=False),
        sa.Column(
            "no_show_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "resident_points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint("buffer_minutes BETWEEN 0 AND 240", name=op.f("ck_room_buffer")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name=op.f("ck_room_capacity")),
        sa.CheckConstraint(
            "hour_cents >= 0 AND half_day_cents >= 0 AND day_cents >= 0",
            name=op.f("ck_room_prices"),
        ),
        sa.CheckConstraint("no_show_minutes BETWEEN 0 AND 240", name=op.f("ck_room_no_show")),
        sa.CheckConstraint("notice_minutes BETWEEN 0 AND 43200", name=op.f("ck_room_notice")),
        sa.CheckConstraint("resident_points BETWEEN 0 AND 10000", name=op.f("ck_room_residents")),
        sa.CheckConstraint("vat_points BETWEEN 0 AND 10000", name=op.f("ck_room_vat")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_room_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("lieu_id", "slug", name=op.f("uq_room_lieu_id_slug")),
        sa.UniqueConstraint("public_id", name=op.f("uq_room_public_id")),
    )
    op.create_table(
        "round",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("policy", sa.String(length=12), nullable=False),
        sa.Column("seed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("bound", sa.Double(), nullable=False),
        sa.Column(
            "left_out",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('day', 'night')", name=op.f("ck_round_kind")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_round_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
    )
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.create_index("ix_round_lieu_at", ["lieu_id", "at"], unique=False)

    op.create_table(
        "seats_on",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("seats", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("seats BETWEEN 0 AND 500", name=op.f("ck_seats_on_seats")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_seats_on_lieu_id")),
        sa.PrimaryKeyConstraint("lieu_id", "starts_at", name=op.f("pk_seats_on")),
        sa.UniqueConstraint(
            "lieu_id", "starts_at", "seats", name=op.f("uq_seats_on_lieu_id_starts_at_seats")
        ),
    )
    op.create_table(
        "seller",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("address", sa.String(length=240), nullable=False),
        sa.Column("postcode", sa.String(length=12), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("siret", sa.String(length=14), nullable=False),
        sa.Column("vat_number", sa.String(length=16), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("mention", sa.String(length=240), nullable=False),
        sa.Column(
            "payment_days", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "siret <> '' OR vat_number <> ''", name=op.f("ck_seller_known_somewhere")
        ),
        sa.CheckConstraint("payment_days BETWEEN 0 AND 60", name=op.f("ck_seller_payment_days")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_seller_lieu_id")),
        sa.PrimaryKeyConstraint("lieu_id", name=op.f("pk_seller")),
        sa.UniqueConstraint("prefix", name=op.f("uq_seller_prefix")),
    )
    op.create_table(
        "skill_count",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('skill', 'family', 'other')", name=op.f("ck_skill_count_kind")
        ),
        sa.CheckConstraint("people >= 3", name=op.f("ck_skill_count_nobody_alone")),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_skill_count_lieu_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lieu_id", "kind", "name", name=op.f("pk_skill_count")),
    )
    op.create_table(
        "skill_counting",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "people >= 3 OR people = 0", name=op.f("ck_skill_counting_nobody_alone")
        ),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_skill_counting_lieu_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lieu_id", name=op.f("pk_skill_counting")),
    )
    op.create_table(
        "special_hours",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.CheckConstraint(
            "(opens IS NULL) = (closes IS NULL) AND (opens IS NULL OR (0 <= opens AND opens < closes AND closes <= 1440))",
            name=op.f("ck_special_hours_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_special_hours_lieu_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_hours")),
        sa.UniqueConstraint(
            "lieu_id", "day", "opens", name=op.f("uq_special_hours_lieu_id_day_opens")
        ),
    )
    op.create_table(
        "weekly_seats",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "weekday",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "starts",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("seats", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("seats BETWEEN 1 AND 500", name=op.f("ck_weekly_seats_seats")),
        sa.CheckConstraint(
            "weekday BETWEEN 0 AND 6 AND starts BETWEEN 0 AND 1439",
            name=op.f("ck_weekly_seats_moment"),
        ),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_weekly_seats_lieu_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lieu_id", "weekday", "starts", name=op.f("pk_weekly_seats")),
    )
    op.create_table(
        "access_need",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("words", sa.String(length=240), nullable=False),
        sa.Column("for_concierge", sa.Boolean(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("words <> ''", name=op.f("ck_access_need_words")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_access_need_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_access_need")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(CASE WHEN member_id IS NULL THEN 0 ELSE 1 END + CASE WHEN lieu_id IS NULL THEN 0 ELSE 1 END + CASE WHEN organisation_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_account_one_holder"),
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_account_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_account_member_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_account_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("lieu_id", name=op.f("uq_account_lieu_id")),
        sa.UniqueConstraint("member_id", name=op.f("uq_account_member_id")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_account_organisation_id")),
    )
    op.create_table(
        "alias",
        sa.Column("words", sa.String(length=240), nullable=False),
        sa.Column("concept_id", sa.String(length=80), nullable=False),
        sa.Column(
            "confirmed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["concept_id"], ["concept.id"], name=op.f("fk_alias_concept_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["member.id"], name=op.f("fk_alias_confirmed_by")
        ),
        sa.PrimaryKeyConstraint("words", "concept_id", "confirmed_by", name=op.f("pk_alias")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column(
            "concerns_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "facts",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["member.id"], name=op.f("fk_audit_entry_actor_id")),
        sa.ForeignKeyConstraint(
            ["concerns_id"], ["member.id"], name=op.f("fk_audit_entry_concerns_id")
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_audit_entry_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index("ix_audit_entry_concerns_at", ["concerns_id", "at"], unique=False)

    op.create_table(
        "block",
        sa.Column(
            "blocker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "blocked_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("blocker_id <> blocked_id", name=op.f("ck_block_not_oneself")),
        sa.ForeignKeyConstraint(["blocked_id"], ["member.id"], name=op.f("fk_block_blocked_id")),
        sa.ForeignKeyConstraint(["blocker_id"], ["member.id"], name=op.f("fk_block_blocker_id")),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name=op.f("pk_block")),
    )
    with op.batch_alter_table("block", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_block_blocked_id"), ["blocked_id"], unique=False)

    op.create_table(
        "booking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "booked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=False),
        sa.Column("hold_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "net_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "vat_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "vat_points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payment", sa.String(length=12), nullable=False),
        sa.Column(
            "free_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "late_points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("warned_at", sa.BigInteger(), nullable=True),
        sa.Column("came_at", sa.BigInteger(), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "approved_at IS NULL OR asked_at IS NOT NULL", name=op.f("ck_booking_asked_first")
        ),
        sa.CheckConstraint(
            "late_points BETWEEN 0 AND 10000 AND free_minutes >= 0", name=op.f("ck_booking_rule")
        ),
        sa.CheckConstraint("net_cents >= 0 AND vat_cents >= 0", name=op.f("ck_booking_money")),
        sa.CheckConstraint("people >= 1", name=op.f("ck_booking_people")),
        sa.CheckConstraint(
            "released_at IS NULL OR came_at IS NULL", name=op.f("ck_booking_came_or_released")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_interval")),
        sa.CheckConstraint("vat_points BETWEEN 0 AND 10000", name=op.f("ck_booking_vat")),
        sa.ForeignKeyConstraint(
            ["booked_by_id"], ["member.id"], name=op.f("fk_booking_booked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_booking_organisation_id")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_booking_room_id")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["booking_series.id"], name=op.f("fk_booking_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("public_id", name=op.f("uq_booking_public_id")),
    )
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_booking_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index("ix_booking_room_starts", ["room_id", "starts_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_booking_series_id"), ["series_id"], unique=False)
        batch_op.create_index("ix_booking_starts", ["starts_at"], unique=False)

    op.create_table(
        "concierge",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_concierge_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_concierge_member_id")),
        sa.PrimaryKeyConstraint("lieu_id", "member_id", name=op.f("pk_concierge")),
    )
    with op.batch_alter_table("concierge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_concierge_member_id"), ["member_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("here_today", sa.Boolean(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("other_lieux", sa.Boolean(), nullable=False),
        sa.Column("chosen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_consent_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id")),
        sa.PrimaryKeyConstraint("member_id", "lieu_id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_lieu_id"), ["lieu_id"], unique=False)
        batch_op.create_index(
            "ix_consent_sharing",
            ["member_id"],
            unique=False,
            sqlite_where=sa.text("by_mail AND other_lieux"),
            postgresql_where=sa.text("by_mail AND other_lieux"),
        )

    op.create_table(
        "grouped",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_grouped_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_grouped_member_id")),
        sa.PrimaryKeyConstraint("lieu_id", "member_id", name=op.f("pk_grouped")),
    )
    with op.batch_alter_table("grouped", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grouped_member_id"), ["member_id"], unique=False)

    op.create_table(
        "house_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column(
            "stay_costs", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("shift", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workshop", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "promotion", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "text",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "written_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "stay_costs BETWEEN 0 AND 100 AND shift BETWEEN 0 AND 100 AND story BETWEEN 0 AND 100 AND workshop BETWEEN 0 AND 100 AND promotion BETWEEN 0 AND 100",
            name=op.f("ck_house_rules_terms"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_house_rules_version")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_house_rules_lieu_id")),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["member.id"], name=op.f("fk_house_rules_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_rules")),
        sa.UniqueConstraint("lieu_id", "version", name=op.f("uq_house_rules_lieu_id_version")),
    )
    with op.batch_alter_table("house_rules", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_house_rules_written_by_id"), ["written_by_id"], unique=False
        )

    op.create_table(
        "kept_check_in",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kiosk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.String(length=36), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "skills",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "outcome <> 'declared' OR (name = '' AND email = '')",
            name=op.f("ck_kept_check_in_no_words"),
        ),
        sa.CheckConstraint(
            "outcome <> 'declared' OR (occurred_at >= received_at - 259200000000 AND occurred_at <= received_at + 300000000)",
            name=op.f("ck_kept_check_in_window"),
        ),
        sa.CheckConstraint(
            "outcome IN ('declared', 'clock', 'over', 'unreadable')",
            name=op.f("ck_kept_check_in_outcome"),
        ),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosk.id"], name=op.f("fk_kept_check_in_kiosk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_check_in")),
        sa.UniqueConstraint("kiosk_id", "event", name=op.f("uq_kept_check_in_kiosk_id_event")),
        sa.UniqueConstraint("public_id", name=op.f("uq_kept_check_in_public_id")),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column(
            "facts",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("owed_at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sending_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("uncertain_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("bounced_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name=op.f("ck_letter_one_end")),
        sa.CheckConstraint(
            "sent_at IS NULL OR sending_at IS NOT NULL", name=op.f("ck_letter_sending_first")
        ),
        sa.CheckConstraint(
            "uncertain_at IS NULL OR sending_at IS NOT NULL", name=op.f("ck_letter_uncertain_after")
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_letter_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_letter_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("kind", "recipient", "key", name=op.f("uq_letter_kind_recipient_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_letter_public_id")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_lieu_id"), ["lieu_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_sending_at"), ["sending_at"], unique=False)
        batch_op.create_index(
            "ix_letter_waiting",
            ["urgent", "next_try_at"],
            unique=False,
            sqlite_where=sa.text(
                "sending_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"
            ),
            postgresql_where=sa.text(
                "sending_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"
            ),
        )

    op.create_table(
        "letter_turn",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("week", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_letter_turn_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "week", name=op.f("pk_letter_turn")),
    )
    op.create_table(
        "member_skill",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("words", sa.String(length=240), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("concept_id", sa.String(length=80), nullable=True),
        sa.Column(
            "proposals",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR concept_id IS NOT NULL", name=op.f("ck_member_skill_confirmed")
        ),
        sa.ForeignKeyConstraint(
            ["concept_id"], ["concept.id"], name=op.f("fk_member_skill_concept_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_member_skill_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_skill")),
        sa.UniqueConstraint("public_id", name=op.f("uq_member_skill_public_id")),
    )
    with op.batch_alter_table("member_skill", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_member_skill_concept_id"), ["concept_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_member_skill_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_skill_read_at"), ["read_at"], unique=False)

    op.create_table(
        "organisation_member",
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "role IN ('book', 'pay', 'see')", name=op.f("ck_organisation_member_role")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_organisation_member_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_member_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "member_id", name=op.f("pk_organisation_member")
        ),
    )
    with op.batch_alter_table("organisation_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organisation_member_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "passkey",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("credential", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "sign_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_passkey_sign_count")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_passkey_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkey_credential")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkey_public_id")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_member_id"), ["member_id"], unique=False)

    op.create_table(
        "passkey_declined",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_passkey_declined_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_passkey_declined")),
    )
    op.create_table(
        "planned_shift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_planned_shift_ends_after")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_planned_shift_lieu_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_planned_shift_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_shift")),
        sa.UniqueConstraint("public_id", name=op.f("uq_planned_shift_public_id")),
    )
    with op.batch_alter_table("planned_shift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_planned_shift_member_id"), ["member_id"], unique=False)
        batch_op.create_index(
            "uq_planned_shift_start", ["lieu_id", "member_id", "starts_at"], unique=True
        )

    op.create_table(
        "presence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("how_in", sa.String(length=12), nullable=False),
        sa.Column("how_out", sa.String(length=12), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("focus_until", sa.BigInteger(), nullable=True),
        sa.Column("hidden_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (how_out IS NULL)", name=op.f("ck_presence_how_out")
        ),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_presence_ended")
        ),
        sa.CheckConstraint("until > started_at", name=op.f("ck_presence_until")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_presence_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_presence_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
        sa.UniqueConstraint("public_id", name=op.f("uq_presence_public_id")),
    )
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.create_index("ix_presence_lieu_ended", ["lieu_id", "ended_at"], unique=False)
        batch_op.create_index(
            "ix_presence_member_started", ["member_id", "started_at"], unique=False
        )
        batch_op.create_index(
            "uq_presence_open",
            ["member_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "public_evidence",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column(
            "shown_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_public_evidence_lieu_id")),
        sa.ForeignKeyConstraint(
            ["shown_by_id"], ["member.id"], name=op.f("fk_public_evidence_shown_by_id")
        ),
        sa.PrimaryKeyConstraint("lieu_id", name=op.f("pk_public_evidence")),
    )
    with op.batch_alter_table("public_evidence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_public_evidence_shown_by_id"), ["shown_by_id"], unique=False
        )

    op.create_table(
        "rhythm",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("every", sa.String(length=12), nullable=False),
        sa.Column("chosen_at", sa.BigInteger(), nullable=False),
        sa.Column("by_silence", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "NOT by_silence OR every = 'paused'", name=op.f("ck_rhythm_silence_pauses")
        ),
        sa.CheckConstraint(
            "every IN ('weekly', 'fortnightly', 'monthly', 'paused')", name=op.f("ck_rhythm_every")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_rhythm_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_rhythm")),
    )
    op.create_table(
        "room_photo",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.String(length=160), nullable=False),
        sa.Column("width", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("height", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_room_photo_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_photo")),
        sa.UniqueConstraint("public_id", name=op.f("uq_room_photo_public_id")),
    )
    with op.batch_alter_table("room_photo", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_photo_room_id"), ["room_id"], unique=False)

    op.create_table(
        "seat_reservation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("moment", sa.String(length=80), nullable=False),
        sa.Column("seats", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("freed_at", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(number IS NULL) = (cancelled_at IS NOT NULL OR freed_at IS NOT NULL)",
            name=op.f("ck_seat_reservation_kept"),
        ),
        sa.CheckConstraint(
            "arrived_at IS NULL OR freed_at IS NULL", name=op.f("ck_seat_reservation_came")
        ),
        sa.CheckConstraint("number BETWEEN 1 AND seats", name=op.f("ck_seat_reservation_number")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_seat_reservation_interval")),
        sa.ForeignKeyConstraint(
            ["lieu_id", "starts_at", "seats"],
            ["seats_on.lieu_id", "seats_on.starts_at", "seats_on.seats"],
            name="fk_seat_reservation_seats_on",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_seat_reservation_lieu_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_seat_reservation_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_reservation")),
        sa.UniqueConstraint(
            "lieu_id",
            "starts_at",
            "number",
            name=op.f("uq_seat_reservation_lieu_id_starts_at_number"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_seat_reservation_public_id")),
    )
    with op.batch_alter_table("seat_reservation", schema=None) as batch_op:
        batch_op.create_index("ix_seat_reservation_lieu_day", ["lieu_id", "day"], unique=False)
        batch_op.create_index("ix_seat_reservation_starts", ["starts_at"], unique=False)
        batch_op.create_index(
            "uq_seat_reservation_member",
            ["member_id", "starts_at"],
            unique=True,
            sqlite_where=sa.text("number IS NOT NULL"),
            postgresql_where=sa.text("number IS NOT NULL"),
        )

    op.create_table(
        "shift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("until > started_at", name=op.f("ck_shift_until")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_shift_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_shift_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shift_member_id"), ["member_id"], unique=False)
        batch_op.create_index(
            "uq_shift_open",
            ["lieu_id", "member_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "suggestion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("arm", sa.String(length=12), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column(
            "reasons",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_suggestion_lieu_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_suggestion_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint("public_id", name=op.f("uq_suggestion_public_id")),
    )
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suggestion_lieu_id"), ["lieu_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_suggestion_round_id"), ["round_id"], unique=False)

    op.create_table(
        "tie",
        sa.Column("a_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("b_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("trace", sa.Double(), nullable=False),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_tie_one_spelling")),
        sa.CheckConstraint("trace >= 0", name=op.f("ck_tie_trace")),
        sa.ForeignKeyConstraint(["a_id"], ["member.id"], name=op.f("fk_tie_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["member.id"], name=op.f("fk_tie_b_id")),
        sa.PrimaryKeyConstraint("a_id", "b_id", name=op.f("pk_tie")),
    )
    with op.batch_alter_table("tie", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tie_b_id"), ["b_id"], unique=False)

    op.create_table(
        "token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(role = 'member') = (member_id IS NOT NULL)", name=op.f("ck_token_whose")
        ),
        sa.CheckConstraint(
            "role IN ('member', 'concierge', 'operator', 'kiosk')", name=op.f("ck_token_role")
        ),
        sa.CheckConstraint(
            "role NOT IN ('concierge', 'kiosk') OR lieu_id IS NOT NULL", name=op.f("ck_token_where")
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_token_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_token_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_token_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_token_token_hash")),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_member_id"), ["member_id"], unique=False)

    op.create_table(
        "bill",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_bill_booking_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill")),
    )
    with op.batch_alter_table("bill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bill_booking_id"), ["booking_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_bill_due_at"), ["due_at"], unique=False)

    op.create_table(
        "booked_slot",
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "slot",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booked_slot_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_booked_slot_room_id")),
        sa.PrimaryKeyConstraint("room_id", "slot", name=op.f("pk_booked_slot")),
    )
    with op.batch_alter_table("booked_slot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_booked_slot_booking_id"), ["booking_id"], unique=False)

    op.create_table(
        "booking_wait",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(offered_at IS NULL) = (booking_id IS NULL)", name=op.f("ck_booking_wait_offer")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_wait_interval")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_wait_booking_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_booking_wait_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_booking_wait_organisation_id")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_booking_wait_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_wait")),
        sa.UniqueConstraint("public_id", name=op.f("uq_booking_wait_public_id")),
    )
    with op.batch_alter_table("booking_wait", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_booking_wait_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index(
            "uq_booking_wait_open",
            ["room_id", "organisation_id", "starts_at", "ends_at"],
            unique=True,
            sqlite_where=sa.text("offered_at IS NULL AND left_at IS NULL"),
            postgresql_where=sa.text("offered_at IS NULL AND left_at IS NULL"),
        )

    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("words", sa.String(length=240), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("concept_id", sa.String(length=80), nullable=True),
        sa.Column(
            "proposals",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("called_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(member_id IS NULL) <> (booking_id IS NULL)", name=op.f("ck_call_one_asker")
        ),
        sa.CheckConstraint("expires_at > called_at", name=op.f("ck_call_expires")),
        sa.CheckConstraint("people BETWEEN 1 AND 4", name=op.f("ck_call_people")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_call_booking_id")),
        sa.ForeignKeyConstraint(["concept_id"], ["concept.id"], name=op.f("fk_call_concept_id")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_call_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_call_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("id", "people", name=op.f("uq_call_id_people")),
        sa.UniqueConstraint("public_id", name=op.f("uq_call_public_id")),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_booking_id"), ["booking_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_lieu_id"), ["lieu_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_read_at"), ["read_at"], unique=False)

    op.create_table(
        "introduction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "suggestion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("meet_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "meet_sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("put_forward_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "put_forward_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "how IN ('here', 'mail', 'concierge')", name=op.f("ck_introduction_how")
        ),
        sa.CheckConstraint(
            "(put_forward_at IS NULL) = (put_forward_by_id IS NULL)",
            name=op.f("ck_introduction_put_forward"),
        ),
        sa.CheckConstraint("expires_at > offered_at", name=op.f("ck_introduction_expires")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_introduction_lieu_id")),
        sa.ForeignKeyConstraint(
            ["put_forward_by_id"], ["member.id"], name=op.f("fk_introduction_put_forward_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestion.id"], name=op.f("fk_introduction_suggestion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
        sa.UniqueConstraint("public_id", name=op.f("uq_introduction_public_id")),
        sa.UniqueConstraint("suggestion_id", name=op.f("uq_introduction_suggestion_id")),
    )
    with op.batch_alter_table("introduction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_introduction_lieu_id"), ["lieu_id"], unique=False)

    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column(
            "organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("turn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "credits_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "net_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "vat_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "content",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind = 'credit') = (credits_id IS NOT NULL)", name=op.f("ck_invoice_credits")
        ),
        sa.CheckConstraint("kind IN ('credit', 'invoice')", name=op.f("ck_invoice_kind")),
        sa.CheckConstraint("count >= 1 AND turn >= 1", name=op.f("ck_invoice_counts")),
        sa.CheckConstraint("net_cents >= 0 AND vat_cents >= 0", name=op.f("ck_invoice_money")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_invoice_booking_id")),
        sa.ForeignKeyConstraint(["credits_id"], ["invoice.id"], name=op.f("fk_invoice_credits_id")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_invoice_lieu_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invoice_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint(
            "booking_id", "kind", "turn", name=op.f("uq_invoice_booking_id_kind_turn")
        ),
        sa.UniqueConstraint("credits_id", name=op.f("uq_invoice_credits_id")),
        sa.UniqueConstraint("lieu_id", "year", "count", name=op.f("uq_invoice_lieu_id_year_count")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invoice_public_id")),
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index("ix_invoice_lieu", ["lieu_id", "issued_at"], unique=False)
        batch_op.create_index(
            "ix_invoice_organisation", ["organisation_id", "issued_at"], unique=False
        )

    op.create_table(
        "need",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "presence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("words", sa.String(length=240), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("concept_id", sa.String(length=80), nullable=True),
        sa.Column(
            "proposals",
            sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"),
            nullable=False,
        ),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("expires_at > said_at", name=op.f("ck_need_expires")),
        sa.ForeignKeyConstraint(["concept_id"], ["concept.id"], name=op.f("fk_need_concept_id")),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_need_lieu_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_need_member_id")),
        sa.ForeignKeyConstraint(["presence_id"], ["presence.id"], name=op.f("fk_need_presence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
        sa.UniqueConstraint("public_id", name=op.f("uq_need_public_id")),
    )
    with op.batch_alter_table("need", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_need_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_need_lieu_id"), ["lieu_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_need_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_need_presence_id"), ["presence_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_need_read_at"), ["read_at"], unique=False)

    op.create_table(
        "payment_part",
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "paid_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint("cents >= 0 AND paid_cents >= 0", name=op.f("ck_payment_part_money")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_payment_part_booking_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_part_payment_id")
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_payment_part")),
    )
    with op.batch_alter_table("payment_part", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_payment_part_payment_id"), ["payment_id"], unique=False
        )

    op.create_table(
        "postponed",
        sa.Column(
            "suggestion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suggestion_id"],
            ["suggestion.id"],
            name=op.f("fk_postponed_suggestion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("suggestion_id", name=op.f("pk_postponed")),
    )
    op.create_table(
        "room_photo_file",
        sa.Column("photo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("size", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "size IN ('small', 'large') AND kind IN ('webp', 'jpeg')",
            name=op.f("ck_room_photo_file_which"),
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"],
            ["room_photo.id"],
            name=op.f("fk_room_photo_file_photo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("photo_id", "size", "kind", name=op.f("pk_room_photo_file")),
    )
    op.create_table(
        "rules_accepted",
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lieu_id", "version"],
            ["house_rules.lieu_id", "house_rules.version"],
            name="fk_rules_accepted_version",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_rules_accepted_member_id")
        ),
        sa.PrimaryKeyConstraint("lieu_id", "version", "member_id", name=op.f("pk_rules_accepted")),
    )
    with op.batch_alter_table("rules_accepted", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_rules_accepted_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "suggested_pair",
        sa.Column("a_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("b_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "suggestion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_suggested_pair_one_spelling")),
        sa.ForeignKeyConstraint(["a_id"], ["member.id"], name=op.f("fk_suggested_pair_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["member.id"], name=op.f("fk_suggested_pair_b_id")),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestion.id"], name=op.f("fk_suggested_pair_suggestion_id")
        ),
        sa.PrimaryKeyConstraint("a_id", "b_id", name=op.f("pk_suggested_pair")),
    )
    with op.batch_alter_table("suggested_pair", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suggested_pair_b_id"), ["b_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_suggested_pair_suggestion_id"), ["suggestion_id"], unique=False
        )

    op.create_table(
        "suggestion_member",
        sa.Column(
            "suggestion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("serves", sa.Double(), nullable=False),
        sa.CheckConstraint("serves BETWEEN 0 AND 1", name=op.f("ck_suggestion_member_serves")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_suggestion_member_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"],
            ["suggestion.id"],
            name=op.f("fk_suggestion_member_suggestion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("suggestion_id", "member_id", name=op.f("pk_suggestion_member")),
    )
    with op.batch_alter_table("suggestion_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_suggestion_member_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "call_asked",
        sa.Column(
            "call_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("yes_at", sa.BigInteger(), nullable=True),
        sa.Column("no_at", sa.BigInteger(), nullable=True),
        sa.Column("passed_at", sa.BigInteger(), nullable=True),
        sa.Column("people", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chair", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(chair IS NULL) = (yes_at IS NULL)", name=op.f("ck_call_asked_yes_takes_a_chair")
        ),
        sa.CheckConstraint("chair BETWEEN 1 AND people", name=op.f("ck_call_asked_chair")),
        sa.CheckConstraint(
            "yes_at IS NULL OR no_at IS NULL", name=op.f("ck_call_asked_one_answer")
        ),
        sa.ForeignKeyConstraint(
            ["call_id", "people"],
            ["call.id", "call.people"],
            name="fk_call_asked_call",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_call_asked_member_id")),
        sa.PrimaryKeyConstraint("call_id", "member_id", name=op.f("pk_call_asked")),
        sa.UniqueConstraint("call_id", "chair", name=op.f("uq_call_asked_call_id_chair")),
    )
    with op.batch_alter_table("call_asked", schema=None) as batch_op:
        batch_op.create_index("ix_call_asked_member_asked", ["member_id", "asked_at"], unique=False)

    op.create_table(
        "encounter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("a_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("b_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "introduction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "told_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("a_confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("b_confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("a_helped", sa.Boolean(), nullable=False),
        sa.Column("b_helped", sa.Boolean(), nullable=False),
        sa.Column("a_outcome", sa.String(length=16), nullable=False),
        sa.Column("b_outcome", sa.String(length=16), nullable=False),
        sa.Column("denied_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "a_outcome IN ('', 'hire', 'work', 'project', 'idea', 'advice', 'friendship', 'nothing') AND b_outcome IN ('', 'hire', 'work', 'project', 'idea', 'advice', 'friendship', 'nothing')",
            name=op.f("ck_encounter_outcome"),
        ),
        sa.CheckConstraint(
            "(told_by_id IS NULL) = (told_on IS NULL)", name=op.f("ck_encounter_told")
        ),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_encounter_one_spelling")),
        sa.CheckConstraint(
            "told_by_id IN (a_id, b_id)", name=op.f("ck_encounter_told_by_one_of_them")
        ),
        sa.ForeignKeyConstraint(["a_id"], ["member.id"], name=op.f("fk_encounter_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["member.id"], name=op.f("fk_encounter_b_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_encounter_call_id")),
        sa.ForeignKeyConstraint(
            ["introduction_id"], ["introduction.id"], name=op.f("fk_encounter_introduction_id")
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_encounter_lieu_id")),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["member.id"], name=op.f("fk_encounter_told_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("call_id", "a_id", "b_id", name=op.f("uq_encounter_call_id_a_id_b_id")),
        sa.UniqueConstraint(
            "introduction_id", "a_id", "b_id", name=op.f("uq_encounter_introduction_id_a_id_b_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_encounter_public_id")),
        sa.UniqueConstraint("told_on", "a_id", "b_id", name=op.f("uq_encounter_told_on_a_id_b_id")),
    )
    with op.batch_alter_table("encounter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_encounter_a_id"), ["a_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_b_id"), ["b_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_lieu_id"), ["lieu_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_told_by_id"), ["told_by_id"], unique=False)

    op.create_table(
        "introduction_side",
        sa.Column(
            "introduction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("yes_at", sa.BigInteger(), nullable=True),
        sa.Column("no_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "guest_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "yes_at IS NULL OR no_at IS NULL", name=op.f("ck_introduction_side_one_answer")
        ),
        sa.ForeignKeyConstraint(
            ["guest_of_id"], ["lieu.id"], name=op.f("fk_introduction_side_guest_of_id")
        ),
        sa.ForeignKeyConstraint(
            ["introduction_id"],
            ["introduction.id"],
            name=op.f("fk_introduction_side_introduction_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_introduction_side_member_id")
        ),
        sa.PrimaryKeyConstraint("introduction_id", "member_id", name=op.f("pk_introduction_side")),
    )
    with op.batch_alter_table("introduction_side", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_introduction_side_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "invoice_paper",
        sa.Column(
            "invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_paper_invoice_id")
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice_paper")),
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("turn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("owed_at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.CheckConstraint("why IN ('changed', 'late')", name=op.f("ck_refund_why")),
        sa.CheckConstraint("cents > 0 AND turn >= 1", name=op.f("ck_refund_cents")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["payment_part.booking_id"], name=op.f("fk_refund_booking_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("booking_id", "turn", name=op.f("uq_refund_booking_id_turn")),
        sa.UniqueConstraint("public_id", name=op.f("uq_refund_public_id")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(
            "ix_refund_waiting",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL AND failed_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND failed_at IS NULL"),
        )

    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("served_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("returns", sa.String(length=13), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column(
            "encounter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)",
            name=op.f("ck_ledger_transaction_reversal"),
        ),
        sa.CheckConstraint(
            "kind IN ('pledge', 'answer', 'promotion', 'service', 'gift', 'forgiveness', 'reversal')",
            name=op.f("ck_ledger_transaction_kind"),
        ),
        sa.CheckConstraint(
            "returns IN ('symbolic', 'informational', 'material')",
            name=op.f("ck_ledger_transaction_returns"),
        ),
        sa.CheckConstraint(
            "what IN ('', 'shift', 'story', 'workshop')", name=op.f("ck_ledger_transaction_what")
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounter.id"], name=op.f("fk_ledger_transaction_encounter_id")
        ),
        sa.ForeignKeyConstraint(
            ["lieu_id"], ["lieu.id"], name=op.f("fk_ledger_transaction_lieu_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_ledger_transaction_reverses_id"),
        ),
        sa.ForeignKeyConstraint(
            ["served_id"], ["member.id"], name=op.f("fk_ledger_transaction_served_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transaction_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_ledger_transaction_public_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_transaction_reverses_id")),
    )
    with op.batch_alter_table("ledger_transaction", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_transaction_encounter_id"), ["encounter_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ledger_transaction_lieu_id"), ["lieu_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ledger_transaction_served_id"), ["served_id"], unique=False
        )

    op.create_table(
        "story",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lieu_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "encounter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("dropped_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("title <> '' AND body <> ''", name=op.f("ck_story_says_something")),
        sa.CheckConstraint(
            "published_at IS NULL OR dropped_at IS NULL", name=op.f("ck_story_dropped_is_not_told")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_story_author_id")),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounter.id"], name=op.f("fk_story_encounter_id")
        ),
        sa.ForeignKeyConstraint(["lieu_id"], ["lieu.id"], name=op.f("fk_story_lieu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sa.UniqueConstraint("public_id", name=op.f("uq_story_public_id")),
    )
    with op.batch_alter_table("story", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_story_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_story_encounter_id"), ["encounter_id"], unique=False)
        batch_op.create_index("ix_story_lieu_changed", ["lieu_id", "changed_at"], unique=False)

    op.create_table(
        "together",
        sa.Column(
            "encounter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("a_at", sa.BigInteger(), nullable=True),
        sa.Column("b_at", sa.BigInteger(), nullable=True),
        sa.Column("agreed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(agreed_at IS NOT NULL) = (a_at IS NOT NULL AND b_at IS NOT NULL)",
            name=op.f("ck_together_both"),
        ),
        sa.CheckConstraint(
            "a_at IS NOT NULL OR b_at IS NOT NULL", name=op.f("ck_together_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounter.id"], name=op.f("fk_together_encounter_id")
        ),
        sa.PrimaryKeyConstraint("encounter_id", name=op.f("pk_together")),
    )
    op.create_table(
        "ledger_transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("giver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("taker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000", name=op.f("ck_ledger_transfer_amount")),
        sa.CheckConstraint("giver_id <> taker_id", name=op.f("ck_ledger_transfer_not_oneself")),
        sa.ForeignKeyConstraint(
            ["giver_id"], ["account.id"], name=op.f("fk_ledger_transfer_giver_id")
        ),
        sa.ForeignKeyConstraint(
            ["taker_id"], ["account.id"], name=op.f("fk_ledger_transfer_taker_id")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_ledger_transfer_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
    )
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_transfer_giver", ["giver_id", "amount"], unique=False)
        batch_op.create_index("ix_ledger_transfer_taker", ["taker_id", "amount"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_ledger_transfer_transaction_id"), ["transaction_id"], unique=False
        )

    op.create_table(
        "story_named",
        sa.Column("story_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("yes_at", sa.BigInteger(), nullable=True),
        sa.Column("no_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "yes_at IS NULL OR asked_at IS NOT NULL", name=op.f("ck_story_named_yes_was_asked")
        ),
        sa.CheckConstraint(
            "yes_at IS NULL OR no_at IS NULL", name=op.f("ck_story_named_one_answer")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_story_named_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name=op.f("fk_story_named_story_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("story_id", "member_id", name=op.f("pk_story_named")),
    )
    with op.batch_alter_table("story_named", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_story_named_member_id"), ["member_id"], unique=False)

    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry WHEN EXISTS (SELECT 1 FROM audit_entry AS old WHERE old.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER house_rules_no_update BEFORE UPDATE ON house_rules BEGIN SELECT RAISE(ABORT, 'house_rules is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER house_rules_no_delete BEFORE DELETE ON house_rules BEGIN SELECT RAISE(ABORT, 'house_rules is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER house_rules_no_replace BEFORE INSERT ON house_rules WHEN EXISTS (SELECT 1 FROM house_rules AS old WHERE old.id = NEW.id OR (old.lieu_id = NEW.lieu_id AND old.version = NEW.version)) BEGIN SELECT RAISE(ABORT, 'house_rules is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER invoice_no_update BEFORE UPDATE ON invoice BEGIN SELECT RAISE(ABORT, 'invoice is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice BEGIN SELECT RAISE(ABORT, 'invoice is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER invoice_no_replace BEFORE INSERT ON invoice WHEN EXISTS (SELECT 1 FROM invoice AS old WHERE old.id = NEW.id OR old.public_id = NEW.public_id OR old.number = NEW.number OR old.credits_id = NEW.credits_id OR (old.lieu_id = NEW.lieu_id AND old.year = NEW.year AND old.count = NEW.count) OR (old.booking_id = NEW.booking_id AND old.kind = NEW.kind AND old.turn = NEW.turn)) BEGIN SELECT RAISE(ABORT, 'invoice is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER invoice_paper_no_update BEFORE UPDATE ON invoice_paper BEGIN SELECT RAISE(ABORT, 'invoice_paper is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER invoice_paper_no_delete BEFORE DELETE ON invoice_paper BEGIN SELECT RAISE(ABORT, 'invoice_paper is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER invoice_paper_no_replace BEFORE INSERT ON invoice_paper WHEN EXISTS (SELECT 1 FROM invoice_paper AS old WHERE old.invoice_id = NEW.invoice_id) BEGIN SELECT RAISE(ABORT, 'invoice_paper is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER ledger_transaction_no_update BEFORE UPDATE ON ledger_transaction BEGIN SELECT RAISE(ABORT, 'ledger_transaction is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER ledger_transaction_no_delete BEFORE DELETE ON ledger_transaction BEGIN SELECT RAISE(ABORT, 'ledger_transaction is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER ledger_transaction_no_replace BEFORE INSERT ON ledger_transaction WHEN EXISTS (SELECT 1 FROM ledger_transaction AS old WHERE old.id = NEW.id OR old.key = NEW.key OR old.public_id = NEW.public_id OR old.reverses_id = NEW.reverses_id) BEGIN SELECT RAISE(ABORT, 'ledger_transaction is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER ledger_transfer_no_replace BEFORE INSERT ON ledger_transfer WHEN EXISTS (SELECT 1 FROM ledger_transfer AS old WHERE old.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END"
        )
    else:
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER house_rules_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON house_rules FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER invoice_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER invoice_paper_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_paper FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_transaction_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transaction FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )


def downgrade() -> None:
    with op.batch_alter_table("story_named", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_story_named_member_id"))

    op.drop_table("story_named")
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_transfer_transaction_id"))
        batch_op.drop_index("ix_ledger_transfer_taker")
        batch_op.drop_index("ix_ledger_transfer_giver")

    op.drop_table("ledger_transfer")
    op.drop_table("together")
    with op.batch_alter_table("story", schema=None) as batch_op:
        batch_op.drop_index("ix_story_lieu_changed")
        batch_op.drop_index(batch_op.f("ix_story_encounter_id"))
        batch_op.drop_index(batch_op.f("ix_story_author_id"))

    op.drop_table("story")
    with op.batch_alter_table("ledger_transaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_transaction_served_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_transaction_lieu_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_transaction_encounter_id"))

    op.drop_table("ledger_transaction")
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_refund_waiting",
            sqlite_where=sa.text("done_at IS NULL AND failed_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND failed_at IS NULL"),
        )

    op.drop_table("refund")
    op.drop_table("invoice_paper")
    with op.batch_alter_table("introduction_side", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_introduction_side_member_id"))

    op.drop_table("introduction_side")
    with op.batch_alter_table("encounter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_encounter_told_by_id"))
        batch_op.drop_index(batch_op.f("ix_encounter_lieu_id"))
        batch_op.drop_index(batch_op.f("ix_encounter_b_id"))
        batch_op.drop_index(batch_op.f("ix_encounter_a_id"))

    op.drop_table("encounter")
    with op.batch_alter_table("call_asked", schema=None) as batch_op:
        batch_op.drop_index("ix_call_asked_member_asked")

    op.drop_table("call_asked")
    with op.batch_alter_table("suggestion_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suggestion_member_member_id"))

    op.drop_table("suggestion_member")
    with op.batch_alter_table("suggested_pair", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suggested_pair_suggestion_id"))
        batch_op.drop_index(batch_op.f("ix_suggested_pair_b_id"))

    op.drop_table("suggested_pair")
    with op.batch_alter_table("rules_accepted", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rules_accepted_member_id"))

    op.drop_table("rules_accepted")
    op.drop_table("room_photo_file")
    op.drop_table("postponed")
    with op.batch_alter_table("payment_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_part_payment_id"))

    op.drop_table("payment_part")
    with op.batch_alter_table("need", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_need_read_at"))
        batch_op.drop_index(batch_op.f("ix_need_presence_id"))
        batch_op.drop_index(batch_op.f("ix_need_member_id"))
        batch_op.drop_index(batch_op.f("ix_need_lieu_id"))
        batch_op.drop_index(batch_op.f("ix_need_expires_at"))

    op.drop_table("need")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index("ix_invoice_organisation")
        batch_op.drop_index("ix_invoice_lieu")

    op.drop_table("invoice")
    with op.batch_alter_table("introduction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_introduction_lieu_id"))

    op.drop_table("introduction")
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_read_at"))
        batch_op.drop_index(batch_op.f("ix_call_member_id"))
        batch_op.drop_index(batch_op.f("ix_call_lieu_id"))
        batch_op.drop_index(batch_op.f("ix_call_expires_at"))
        batch_op.drop_index(batch_op.f("ix_call_booking_id"))

    op.drop_table("call")
    with op.batch_alter_table("booking_wait", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_booking_wait_open",
            sqlite_where=sa.text("offered_at IS NULL AND left_at IS NULL"),
            postgresql_where=sa.text("offered_at IS NULL AND left_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_booking_wait_organisation_id"))

    op.drop_table("booking_wait")
    with op.batch_alter_table("booked_slot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_booked_slot_booking_id"))

    op.drop_table("booked_slot")
    with op.batch_alter_table("bill", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bill_due_at"))
        batch_op.drop_index(batch_op.f("ix_bill_booking_id"))

    op.drop_table("bill")
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_token_member_id"))

    op.drop_table("token")
    with op.batch_alter_table("tie", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tie_b_id"))

    op.drop_table("tie")
    with op.batch_alter_table("suggestion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suggestion_round_id"))
        batch_op.drop_index(batch_op.f("ix_suggestion_lieu_id"))

    op.drop_table("suggestion")
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_shift_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_shift_member_id"))

    op.drop_table("shift")
    with op.batch_alter_table("seat_reservation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_seat_reservation_member",
            sqlite_where=sa.text("number IS NOT NULL"),
            postgresql_where=sa.text("number IS NOT NULL"),
        )
        batch_op.drop_index("ix_seat_reservation_starts")
        batch_op.drop_index("ix_seat_reservation_lieu_day")

    op.drop_table("seat_reservation")
    with op.batch_alter_table("room_photo", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_photo_room_id"))

    op.drop_table("room_photo")
    op.drop_table("rhythm")
    with op.batch_alter_table("public_evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_public_evidence_shown_by_id"))

    op.drop_table("public_evidence")
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_presence_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_presence_member_started")
        batch_op.drop_index("ix_presence_lieu_ended")

    op.drop_table("presence")
    with op.batch_alter_table("planned_shift", schema=None) as batch_op:
        batch_op.drop_index("uq_planned_shift_start")
        batch_op.drop_index(batch_op.f("ix_planned_shift_member_id"))

    op.drop_table("planned_shift")
    op.drop_table("passkey_declined")
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkey_member_id"))

    op.drop_table("passkey")
    with op.batch_alter_table("organisation_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisation_member_member_id"))

    op.drop_table("organisation_member")
    with op.batch_alter_table("member_skill", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_skill_read_at"))
        batch_op.drop_index(batch_op.f("ix_member_skill_member_id"))
        batch_op.drop_index(batch_op.f("ix_member_skill_concept_id"))

    op.drop_table("member_skill")
    op.drop_table("letter_turn")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_letter_waiting",
            sqlite_where=sa.text(
                "sending_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"
            ),
            postgresql_where=sa.text(
                "sending_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"
            ),
        )
        batch_op.drop_index(batch_op.f("ix_letter_sending_at"))
        batch_op.drop_index(batch_op.f("ix_letter_member_id"))
        batch_op.drop_index(batch_op.f("ix_letter_lieu_id"))

    op.drop_table("letter")
    op.drop_table("kept_check_in")
    with op.batch_alter_table("house_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_house_rules_written_by_id"))

    op.drop_table("house_rules")
    with op.batch_alter_table("grouped", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grouped_member_id"))

    op.drop_table("grouped")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_consent_sharing",
            sqlite_where=sa.text("by_mail AND other_lieux"),
            postgresql_where=sa.text("by_mail AND other_lieux"),
        )
        batch_op.drop_index(batch_op.f("ix_consent_lieu_id"))

    op.drop_table("consent")
    with op.batch_alter_table("concierge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_concierge_member_id"))

    op.drop_table("concierge")
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.drop_index("ix_booking_starts")
        batch_op.drop_index(batch_op.f("ix_booking_series_id"))
        batch_op.drop_index("ix_booking_room_starts")
        batch_op.drop_index(batch_op.f("ix_booking_organisation_id"))

    op.drop_table("booking")
    with op.batch_alter_table("block", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_block_blocked_id"))

    op.drop_table("block")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_concerns_at")
        batch_op.drop_index(batch_op.f("ix_audit_entry_actor_id"))

    op.drop_table("audit_entry")
    op.drop_table("alias")
    op.drop_table("account")
    op.drop_table("access_need")
    op.drop_table("weekly_seats")
    op.drop_table("special_hours")
    op.drop_table("skill_counting")
    op.drop_table("skill_count")
    op.drop_table("seller")
    op.drop_table("seats_on")
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.drop_index("ix_round_lieu_at")

    op.drop_table("round")
    op.drop_table("room")
    op.drop_table("resident")
    op.drop_table("presence_count")
    op.drop_table("poster")
    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opening_lieu_id"))

    op.drop_table("opening")
    with op.batch_alter_table("moment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_moment_lieu_id"))

    op.drop_table("moment")
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_home_lieu_id"))

    op.drop_table("member")
    with op.batch_alter_table("kiosk", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kiosk_lieu_id"))

    op.drop_table("kiosk")
    op.drop_table("job_run")
    op.drop_table("invoice_counter")
    with op.batch_alter_table("declaration", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_declaration_lieu_id"))
        batch_op.drop_index(batch_op.f("ix_declaration_email"))

    op.drop_table("declaration")
    op.drop_table("concept_place")
    op.drop_table("concept_name")
    with op.batch_alter_table("booking_series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_booking_series_organisation_id"))

    op.drop_table("booking_series")
    op.drop_table("tries")
    with op.batch_alter_table("signin_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signin_code_email"))
        batch_op.drop_index(batch_op.f("ix_signin_code_browser_hash"))

    op.drop_table("signin_code")
    op.drop_table("setup_token")
    op.drop_table("payment_event")
    op.drop_table("payment")
    op.drop_table("passkey_challenge")
    op.drop_table("organisation")
    op.drop_table("lieu")
    op.drop_table("family")
    with op.batch_alter_table("concept", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_concept_vocabulary"))
        batch_op.drop_index(batch_op.f("ix_concept_family"))

    op.drop_table("concept")
    op.drop_table("bounced_address")
    op.drop_table("beat")
    with op.batch_alter_table("answered", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answered_at"))

    op.drop_table("answered")
