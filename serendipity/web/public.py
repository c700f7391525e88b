"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)
