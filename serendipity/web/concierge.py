"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("concierge", __name__)
