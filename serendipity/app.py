"""create_app: the only module that sees everything, and puts it together.

Nothing heavy is imported here or below: scikit-learn, SciPy, OR-tools and the encoder belong to
the worker (a test holds the door).
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import kiosk
from serendipity import api, cli, config, disks, live, schema, tables
from serendipity.db import database, engine_options
from serendipity.demo import doors
from serendipity.web import (
    access,
    billing,
    commons,
    company,
    compiled,
    compression,
    concierge,
    coworker,
    door,
    embed,
    errors,
    evidence,
    health,
    heard,
    language,
    letters,
    news,
    operator,
    passkeys,
    patterns,
    proving,
    public,
    roomkeeping,
    rules,
    seating,
    security,
    session,
    setup,
    signin,
    walltime,
)

csrf = CSRFProtect()

BLUEPRINTS = (
    public.blueprint,
    embed.blueprint,
    roomkeeping.blueprint,
    signin.blueprint,
    passkeys.blueprint,
    door.blueprint,
    proving.blueprint,
    heard.blueprint,
    coworker.blueprint,
    company.blueprint,
    concierge.blueprint,
    seating.blueprint,
    operator.blueprint,
    rules.blueprint,
    commons.blueprint,
    evidence.blueprint,
    billing.blueprint,
    setup.blueprint,
    letters.blueprint,
    news.blueprint,
    patterns.blueprint,
    health.blueprint,
    kiosk.blueprint,
    live.blueprint,
    api.blueprint,
)


def create_app(settings: config.Settings | None = None) -> Flask:
    """The service as a WSGI application.

    Raises
    ------
    ConfigurationError
        The settings cannot be right, or the database is newer than this code.
    """
    settings = settings or config.load()
    app = Flask(
        "serendipity",
        template_folder=str(config.ROOT / "templates"),
        static_folder=str(config.ROOT / "static"),
        instance_path=str(settings.instance),
    )
    url = settings.resolved_database_url
    disks.refuse_network(url)
    secure = settings.public_url.startswith("https://")
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(url),
        SESSION_COOKIE_NAME="__Host-serendipity" if secure else "serendipity",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=60),
        # A page asks for its parts by itself. An answer that comes late must not bring back the
        # session as it was before somebody signed out, or chose another language.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=1_000_000,
        MAX_FORM_MEMORY_SIZE=500_000,
        TRUSTED_HOSTS=trusted_hosts(settings),
        WTF_CSRF_TIME_LIMIT=None,  # a form left open over lunch still works; the session bounds it
        BABEL_DEFAULT_LOCALE=settings.default_language,
        BABEL_TRANSLATION_DIRECTORIES=str(config.ROOT / "translations"),
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    _ = tables.metadata  # every table known before the first query
    database.init_app(app)
    csrf.init_app(app)
    csrf.exempt(api.blueprint)  # bearer tokens, no cookies
    csrf.exempt(letters.blueprint)  # signed addresses, no cookies
    csrf.exempt("kiosk.kept.take")  # signed by the screen; its page may be older than its session
    csrf.exempt(news.blueprint)  # signed by who tells it, no cookies
    for part in (session, language, walltime, compiled, security, compression, access, errors):
        part.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if settings.demo:
        app.register_blueprint(doors.blueprint)
    cli.init_app(app)
    with app.app_context():
        schema.refuse_if_newer(database.engine)
    return app


def trusted_hosts(settings: config.Settings) -> list[str]:
    """Hosts that a request may name; links in emails never come from a request anyway."""
    if settings.trusted_hosts:
        return [host.strip() for host in settings.trusted_hosts.split(",")]
    return [urlsplit(settings.public_url).hostname or "localhost", "localhost", "127.0.0.1"]
