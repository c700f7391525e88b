"""Live updates: server-sent events."""

from flask import Blueprint

blueprint = Blueprint("live", __name__, url_prefix="/live")
